// WebKitGTK's own browser, driven over WebDriver. It needs a display, which Xvfb gives it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { webkitDriver, webkitBrowser, xvfb } from '../harness/environment.mjs';
import { until } from '../harness/poll.mjs';
import { freePort } from '../harness/program.mjs';

/** Starts WebKit behind this proxy, with Intelligent Tracking Prevention. */
export async function startWebKit({ proxyPort }) {
  const screen = await startScreen();
  const port = await freePort();
  const env = { ...process.env, DISPLAY: screen.display, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1' };
  const driver = spawn(webkitDriver, ['--host=127.0.0.1', `--port=${port}`], { env, stdio: 'ignore' });
  const killed = () => driver.kill('SIGKILL');
  process.once('exit', killed);
  const end = new Promise((resolve) => driver.once('close', resolve));
  const ask = (method, path, body) => command(`http://127.0.0.1:${port}${path}`, method, body);
  await until('the driver of WebKit', () => ask('GET', '/status').catch(() => undefined));
  const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: capabilities(proxyPort) } });
  const session = `/session/${sessionId}`;
  const tab = {
    open: (url) => ask('POST', `${session}/url`, { url }),
    run: (script, ...args) => {
      // A function that is sent as text; its promise is awaited.
      const asynchronous = `const done = arguments[arguments.length - 1];
        Promise.resolve((${script})(...[...arguments].slice(0, -1))).then((value) => done({ value: value ?? null }), (error) => done({ error: String(error) }));`;
      return ask('POST', `${session}/execute/async`, { script: asynchronous, args }).then(({ value, error }) => {
        if (error) throw new Error(error);
        return value;
      });
    },
  };
  return {
    tab: async () => tab,
    async stop() {
      await ask('DELETE', session).catch(() => undefined);
      driver.kill();
      await end;
      process.off('exit', killed);
      await screen.stop();
    },
  };
}

function capabilities(proxyPort) {
  return {
    acceptInsecureCerts: true,
    'webkitgtk:browserOptions': { binary: webkitBrowser, args: ['--automation', '--enable-itp', `--proxy=socks5://127.0.0.1:${proxyPort}`] },
  };
}

async function command(url, method, body) {
  const response = await fetch(url, { method, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

/** A display that nobody sees; its number is the first that is free. */
async function startScreen() {
  const child = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  const end = new Promise((resolve) => child.once('close', resolve));
  const number = await Promise.race([new Promise((resolve) => createInterface({ input: child.stdio[3] }).once('line', resolve)), end]);
  const stop = () => {
    child.kill();
    return end.then(() => process.off('exit', killed));
  };
  return { display: `:${number}`, stop };
}
