// Starts an SMTP server (smtp_server.py) and collects the messages it receives.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { python } from './environment.mjs';
import { final, until } from './poll.mjs';

const script = fileURLToPath(new URL('smtp_server.py', import.meta.url));

/**
 * Starts a mail server on a loopback port and waits until it listens.
 *
 * - `port`: the port to use; by default any free one
 * - `tls`: "none" (default), "starttls" or "implicit", with a self-signed certificate
 * - `user`, `password`: required credentials; none by default
 */
export async function startMailServer(options = {}) {
  const mail = new MailServer(options);
  try {
    await until('the mail server to listen', () => {
      if (mail.ended) throw final(`smtp_server.py ended at its start:\n${mail.errors}`);
      return mail.port;
    });
  } catch (error) {
    await mail.stop();
    throw error;
  }
  return mail;
}

class MailServer {
  constructor(options) {
    Object.assign(this, { options, messages: [], attempts: 0, behaviours: 0, errors: '', ended: false });
    this.child = spawn(python, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.end = new Promise((resolve) => this.child.once('close', resolve)).then(() => (this.ended = true));
    this.child.once('error', (error) => (this.errors += error.message));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
    createInterface({ input: this.child.stdout }).on('line', (line) => this.hear(JSON.parse(line)));
  }

  hear({ port, message, attempted, behaves }) {
    if (port) this.port = port;
    if (attempted) this.attempts += 1;
    if (behaves) this.behaviours += 1;
    if (message) this.messages.push(message);
  }

  /** The value of BOOKPLATE_MAIL_URL for this server. */
  get url() {
    const { tls, user, password } = this.options;
    const who = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@` : '';
    return `${tls === 'implicit' ? 'smtps' : 'smtp'}://${who}127.0.0.1:${this.port}`;
  }

  /** `{ reply, times }`, `{ hang: true }`, `{ close: true }`, or nothing to accept messages again. */
  async behave(behavior = {}) {
    const before = this.behaviours;
    this.child.stdin.write(`${JSON.stringify(behavior)}\n`);
    await until('the mail server to change its behavior', () => this.behaviours > before);
  }

  /** Waits for the first message to an address whose subject starts with this. */
  message(to, subject, { within = 20_000 } = {}) {
    const fits = (message) => message.envelope.to.includes(to) && message.headers.subject.startsWith(subject);
    return until(`a message "${subject}" to ${to}`, () => this.messages.find(fits), { within });
  }

  async stop() {
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await this.end;
    clearTimeout(timer);
  }
}
