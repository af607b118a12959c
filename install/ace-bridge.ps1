# Installs ace-bridge for this user, or updates and repairs it, and starts its setup. ace-bridge.cmd starts this script.
# It works with PowerShell 5.1, which Windows includes, and changes nothing outside the folder $App.

$Version = '0.12.5' # of uv, which brings Python; the checksums below belong to this version
$Downloads = 'https://github.com/astral-sh/uv/releases/download'
$Python = '3.13'
$Megabytes = 700 # free space that the installation needs
$Checksums = @{
    'x86_64' = '4c4d49d8738847d9b71ba319e49a5688c93eac0fe6204b1df24e98528dddf39a'
    'aarch64' = '724279317fee6e5fa8ad1908e4eba2bbe764ef1ece5b3f4597927b62b1fe562a'
}

if ($env:ACE_BRIDGE_UV_DOWNLOADS) { $Downloads = $env:ACE_BRIDGE_UV_DOWNLOADS }
$Source = Split-Path -Parent $PSScriptRoot
$App = Join-Path $env:LOCALAPPDATA 'ace-bridge'
$Log = Join-Path $App 'install.log'
$Uv = Join-Path $App 'uv\uv.exe'
$ProgressPreference = 'SilentlyContinue' # its bar makes downloads slow

# Stop with one sentence. ace-bridge.cmd keeps the window open.
function Stop-Installation([string]$Sentence) {
    Write-Host ''
    Write-Host $Sentence
    Write-Host "Nothing else was changed. You can run this installer again at any time. Details: $Log"
    try { Add-Content -LiteralPath $Log "FAILED: $Sentence" } catch { }
    exit 1
}

# Run uv with its output in the window and in the log, and return its exit status.
function Invoke-Uv([string[]]$Words) {
    Add-Content -LiteralPath $Log ('$ uv ' + ($Words -join ' '))
    & $Uv @Words 2>&1 | ForEach-Object { "$_" } | Tee-Object -FilePath $Log -Append | Out-Host
    return $LASTEXITCODE
}

function Get-Uv {
    if (Test-Path -LiteralPath $Uv) {
        if ((& $Uv --version) -match [regex]::Escape($Version)) { return }
    }
    $machine = 'x86_64'
    if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64' -or $env:PROCESSOR_ARCHITEW6432 -eq 'ARM64') { $machine = 'aarch64' }
    $archive = Join-Path $App 'uv.zip'
    Write-Host 'Downloading uv ...'
    try {
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072 # TLS 1.2
        [Net.WebRequest]::DefaultWebProxy.Credentials = [Net.CredentialCache]::DefaultNetworkCredentials
        $address = "$Downloads/$Version/uv-$machine-pc-windows-msvc.zip"
        Invoke-WebRequest -UseBasicParsing -Uri $address -OutFile $archive -ErrorAction Stop
    }
    catch [Net.WebException] {
        Add-Content -LiteralPath $Log "$_"
        if ($_.Exception.Response) {
            Stop-Installation "The server or the proxy refused the download of uv $Version ($($_.Exception.Message))."
        }
        Stop-Installation 'There is no connection to the internet, or a proxy or firewall blocks it.'
    }
    catch {
        Add-Content -LiteralPath $Log "$_"
        Stop-Installation "uv could not be downloaded: $($_.Exception.Message)"
    }
    $wanted = $Checksums[$machine]
    if ($env:ACE_BRIDGE_UV_CHECKSUM) { $wanted = $env:ACE_BRIDGE_UV_CHECKSUM }
    if ((Get-FileHash -LiteralPath $archive -Algorithm SHA256).Hash -ne $wanted) {
        Remove-Item -LiteralPath $archive
        Stop-Installation "The downloaded file is not uv $Version (wrong checksum), so it was deleted."
    }
    try { Expand-Archive -LiteralPath $archive -DestinationPath (Join-Path $App 'uv') -Force -ErrorAction Stop }
    catch { Stop-Installation "uv could not be unpacked: $($_.Exception.Message)" }
    Remove-Item -LiteralPath $archive
}

Write-Host ''
Write-Host 'ace-bridge installer'
Write-Host ''
Write-Host '  1. Downloads uv from github.com, and with it Python and the packages that ace-bridge needs (200 MB in all).'
Write-Host "  2. Puts all of it into the folder $App and nothing anywhere else. Needs no administrator."
Write-Host '  3. Starts the setup, which asks before it changes a DAW.'
Write-Host ''
if ((Read-Host 'Continue? [y/N]') -notmatch '^[yY]') {
    Write-Host 'Nothing was changed.'
    exit 0
}

try {
    New-Item -ItemType Directory -Force -Path $App -ErrorAction Stop | Out-Null
    Add-Content -LiteralPath $Log "$(Get-Date) $([Environment]::OSVersion.VersionString)" -ErrorAction Stop
}
catch { Stop-Installation "The folder $App cannot be written: $($_.Exception.Message)" }
$free = [math]::Floor((New-Object IO.DriveInfo ($App.Substring(0, 1))).AvailableFreeSpace / 1MB)
if ($free -lt $Megabytes) {
    Stop-Installation "The disk is full: $free MB are free, and the installation needs $Megabytes MB."
}

Get-Uv
$env:UV_PYTHON_INSTALL_DIR = Join-Path $App 'python'
$env:UV_TOOL_DIR = Join-Path $App 'tools'
$env:UV_TOOL_BIN_DIR = Join-Path $App 'bin'
$env:UV_CACHE_DIR = Join-Path $App 'cache'
$env:UV_NO_CONFIG = '1'
$env:UV_PYTHON_PREFERENCE = 'only-managed' # in particular, not the Microsoft Store's
$Program = Join-Path $App 'bin\ace-bridge.exe'
Write-Host 'Installing Python and ace-bridge ...'
if (Test-Path -LiteralPath $Program) { & $Program stop *> $null } # Windows cannot replace a running program
Set-Location -LiteralPath $Source # uv does not accept a path with spaces for --constraints
$status = Invoke-Uv @('tool', 'install', '--force', '--reinstall-package', 'ace-bridge', '--python', $Python,
    '--constraints', 'requirements.lock', '.[midi]')
if ($status -ne 0) {
    $last = (Get-Content -LiteralPath $Log -Tail 40) -join ' '
    if ($last -match 'not enough space|os error 112') {
        Stop-Installation "The disk is full. Free $Megabytes MB and try again."
    }
    if ($last -match 'dns error|failed to fetch|connect error|error sending request') {
        Stop-Installation 'The connection to the internet was lost or is blocked. The next run continues from here.'
    }
    if ($last -match 'os error 32|os error 5\b') {
        Stop-Installation 'A file of ace-bridge is in use. Close the DAWs and try again.'
    }
    Stop-Installation 'ace-bridge could not be installed.'
}
Remove-Item -Recurse -Force -LiteralPath $env:UV_CACHE_DIR -ErrorAction SilentlyContinue
Write-Host ''
Write-Host "ace-bridge is installed. To run it in any PowerShell window, type: & '$Program'"
Write-Host ''
& $Program setup
exit $LASTEXITCODE
