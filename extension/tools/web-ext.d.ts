/** Mozilla brings no types with it. */
declare module "web-ext";
