#!/bin/sh
# Tells the company's browser extension what this Mac says of its disk, its screen lock, its firewall and its serial number. Browsers start
# it for one message and read one answer (native messaging: a length in four bytes, then JSON). What it cannot tell is null, never false.
export LC_ALL=C

case "$(fdesetup status 2>/dev/null)" in
  *"in progress"*) disk=null ;;
  "FileVault is On."*) disk=true ;;
  "FileVault is Off."*) disk=false ;;
  *) disk=null ;;
esac

case "$(sysadminctl -screenLock status 2>&1)" in
  *"screenLock is off"*) lock=false ;;
  *"screenLock delay is "*) lock=true ;;
  *) lock=null ;;
esac

case "$(/usr/libexec/ApplicationFirewall/socketfilterfw --getglobalstate 2>/dev/null || socketfilterfw --getglobalstate 2>/dev/null)" in
  *"(State = 1)"* | *"(State = 2)"*) wall=true ;;
  *"(State = 0)"*) wall=false ;;
  *) wall=null ;;
esac

serial=$(ioreg -c IOPlatformExpertDevice -d 2 2>/dev/null | sed -n 's/.*"IOPlatformSerialNumber" = "\([A-Za-z0-9-]*\)".*/\1/p' | head -n 1)

said="{\"disk_encrypted\": $disk, \"screen_lock\": $lock, \"firewall\": $wall, \"serial\": \"$serial\"}"
# shorter than 256 bytes, so three of the four bytes of its length are zero
printf "\\$(printf %03o ${#said})\\000\\000\\000%s" "$said"
