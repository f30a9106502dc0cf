<?php
// From these addresses, the gates', Roundcube believes that people came by https: otherwise its cookies are not Secure.
$config['proxy_whitelist'] = ['172.30.82.4', '172.30.82.5'];
