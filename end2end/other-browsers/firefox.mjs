// Firefox, driven over WebDriver BiDi.
import puppeteer from 'puppeteer-core';
import { firefox } from '../harness/environment.mjs';

/** Starts Firefox behind this proxy. `preferences` are those of `about:config`. */
export async function startFirefox({ proxyPort, preferences = {} }) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefox,
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: {
      'network.proxy.type': 1,
      'network.proxy.socks': '127.0.0.1',
      'network.proxy.socks_port': proxyPort,
      'network.proxy.socks_remote_dns': true,
      ...preferences,
    },
  });
  return { tab: async () => tab(await browser.newPage()), stop: () => browser.close() };
}

function tab(page) {
  return {
    open: (address) => page.goto(address),
    run: (script, ...values) => page.evaluate(script, ...values),
  };
}
