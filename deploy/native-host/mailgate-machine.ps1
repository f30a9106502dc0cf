# Tells the company's browser extension what this Windows computer says of its disk, its screen lock, its firewall and its serial number.
# Browsers start mailgate-machine.cmd for one message and read one answer (native messaging: a length in four bytes, then JSON). It needs no
# administrator. What it cannot tell is null, never false.
$ErrorActionPreference = 'Stop'

function Known([scriptblock] $ask) {
  try { & $ask } catch { $null }
}

# 1 on, 2 off, 6 on and locked; anything else is on its way, suspended or not known
$disk = Known {
  $told = (New-Object -ComObject Shell.Application).NameSpace($env:SystemDrive).Self.ExtendedProperty('System.Volume.BitLockerProtection')
  switch ($told) { 1 { $true } 6 { $true } 2 { $false } default { $null } }
}

# the limit of a policy, or a screen saver that asks for the password; another way to lock is not seen, so this is never false
$lock = Known {
  $limit = (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System').InactivityTimeoutSecs
  $saver = Get-ItemProperty 'HKCU:\Control Panel\Desktop'
  $asks = $saver.ScreenSaveActive -eq '1' -and $saver.ScreenSaverIsSecure -eq '1' -and [int] $saver.ScreenSaveTimeOut -gt 0
  if ($limit -gt 0 -or $asks) { $true } else { $null }
}

$wall = Known {
  $profiles = 'HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy'
  $told = 'DomainProfile', 'StandardProfile', 'PublicProfile' | ForEach-Object { (Get-ItemProperty "$profiles\$_").EnableFirewall }
  if ($told -contains 0) { $false } elseif (@($told | Where-Object { $_ -eq 1 }).Count -eq 3) { $true } else { $null }
}

$serial = Known { (Get-CimInstance Win32_BIOS).SerialNumber }

$said = [ordered] @{ disk_encrypted = $disk; screen_lock = $lock; firewall = $wall; serial = "$serial".Trim() }
$text = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -Compress $said))
$out = [Console]::OpenStandardOutput()
$out.Write([BitConverter]::GetBytes([uint32] $text.Length), 0, 4)
$out.Write($text, 0, $text.Length)
$out.Flush()
