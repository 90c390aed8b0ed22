// What the test command hands over. Anything missing is told in a sentence before the first test; nothing is skipped.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';

export const binary = process.env.BOOKPLATE_BIN ?? '';
export const postgresUrl = process.env.BOOKPLATE_TEST_POSTGRES_URL ?? '';
export const chrome = process.env.CHROME_PATH || '/usr/bin/chromium';
export const nginx = process.env.BOOKPLATE_NGINX || '/usr/sbin/nginx';
export const caddy = process.env.BOOKPLATE_CADDY || '/usr/bin/caddy';
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

/** The sentences about what is missing for these needs (`server`, `postgres`, `proxies`, `chrome`, `python`, `schemathesis`). */
export function missing(needs) {
  const pythonLacks = `BOOKPLATE_PYTHON (${python}) needs the packages of requirements.txt.`;
  const lacks = {
    server: () => !runs(binary) && `BOOKPLATE_BIN must name the built server (it is "${binary}").`,
    postgres: () => !postgresUrl && 'BOOKPLATE_TEST_POSTGRES_URL must name a throw-away PostgreSQL cluster.',
    chrome: () => !runs(chrome) && `CHROME_PATH must name Chromium (it is "${chrome}").`,
    proxies: () =>
      !(runs(nginx) && runs(caddy)) && `BOOKPLATE_NGINX and BOOKPLATE_CADDY must name nginx and Caddy ("${nginx}", "${caddy}").`,
    python: () => !imports(...PACKAGES) && pythonLacks,
    schemathesis: () => !imports('schemathesis') && pythonLacks,
  };
  return [...new Set(needs.map((need) => lacks[need]()).filter(Boolean))];
}
