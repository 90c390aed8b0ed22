// What the test command hands over. Anything missing is told in a sentence before the first test; nothing is skipped.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

export const binary = process.env.BOOKPLATE_BIN ?? '';
export const postgresUrl = process.env.BOOKPLATE_TEST_POSTGRES_URL ?? '';
export const chrome = process.env.CHROME_PATH || '/usr/bin/chromium';
export const nginx = process.env.BOOKPLATE_NGINX || '/usr/sbin/nginx';
export const caddy = process.env.BOOKPLATE_CADDY || '/usr/bin/caddy';
export const firefox = process.env.BOOKPLATE_FIREFOX || '/usr/bin/firefox-esr';
export const webkitDriver = '/usr/bin/WebKitWebDriver';
export const webkitBrowser = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';
export const xvfb = '/usr/bin/Xvfb';
export const apache = process.env.BOOKPLATE_APACHE || '/usr/sbin/apache2';
export const apacheModules = '/usr/lib/apache2/modules';
export const python = process.env.BOOKPLATE_PYTHON || 'python3';

/**
 * Chromium's arguments: no sandbox in a container, nothing that calls home, and shared memory in the temporary folder:
 * the 64 MB that containers give to /dev/shm make pages crash.
 */
export const chromeArguments = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

function runs(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function imports(...packages) {
  return spawnSync(python, ['-c', `import ${packages.join(', ')}`], { encoding: 'utf8' }).status === 0;
}

const PACKAGES = ['aiosmtpd', 'authlib', 'cryptography', 'fastapi', 'httpx', 'jose', 'joserfc', 'jwt', 'openapi_spec_validator', 'sqlite3', 'uvicorn'];

/**
 * The sentences about what is missing for these needs: `server`, `postgres`, `proxies`, `chrome`, `firefox`, `webkit`,
 * `apache`, `python`, `schemathesis`.
 */
export function missing(needs) {
  const pythonLacks = `BOOKPLATE_PYTHON (${python}) needs the packages of requirements.txt.`;
  const lacks = {
    server: () => !runs(binary) && `BOOKPLATE_BIN must name the built server (it is "${binary}").`,
    postgres: () => !postgresUrl && 'BOOKPLATE_TEST_POSTGRES_URL must name a throw-away PostgreSQL cluster.',
    chrome: () => !runs(chrome) && `CHROME_PATH must name Chromium (it is "${chrome}").`,
    proxies: () =>
      !(runs(nginx) && runs(caddy)) && `BOOKPLATE_NGINX and BOOKPLATE_CADDY must name nginx and Caddy ("${nginx}", "${caddy}").`,
    firefox: () => !runs(firefox) && `BOOKPLATE_FIREFOX must name Firefox (it is "${firefox}").`,
    webkit: () =>
      ![webkitDriver, webkitBrowser, xvfb].every(runs) && "WebKit needs Debian's webkit2gtk-driver and xvfb.",
    apache: () =>
      !(runs(apache) && existsSync(join(apacheModules, 'mod_auth_openidc.so'))) &&
      "Apache needs Debian's apache2 and libapache2-mod-auth-openidc.",
    python: () => !imports(...PACKAGES) && pythonLacks,
    schemathesis: () => !imports('schemathesis') && pythonLacks,
  };
  return [...new Set(needs.map((need) => lacks[need]()).filter(Boolean))];
}
