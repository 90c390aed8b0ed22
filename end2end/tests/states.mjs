// Every page in every relevant state, for the accessibility and layout checks and the screenshots.
import { expect } from '@playwright/test';
import { runCommandJson } from '../harness/command-line.mjs';
import { bookplateToml } from '../harness/config.mjs';
import { newReader } from '../harness/readers.mjs';
import { HttpClient } from '../harness/http-client.mjs';
import {
  PATHS,
  LABELS,
  button,
  control,
  errorOf,
  signUpByApi,
  fill,
  startMadeByOperator,
  startSignedIn,
  mailAfter,
  savedNotice,
  passwordResetLink,
  rows,
  submit,
  submitInvalid,
  flashMessage,
  messageArticles,
  openActions,
} from './site.mjs';
import { createConversation, exchanges, richAnswer } from './conversation-data.mjs';

const longReader = () => {
  const reader = newReader({ name: `Wolfeschlegelsteinhausenbergerdorff-${'Featherstonehaugh'.repeat(5)}` });
  return {
    ...reader,
    email: `${'long.local.part.'.repeat(3)}${reader.email.split('.')[1].slice(0, 12)}@${'subdomain.'.repeat(6)}readers.example.com`,
  };
};

/** A state is opened by `open(page, server)`. */
export const STATES = [
  { name: 'home signed out', open: (page) => page.goto('/') },
  { name: 'sign-in', open: (page) => page.goto(PATHS.signIn) },
  { name: 'sign-in on the way to the account', open: (page) => page.goto(PATHS.account) },
  {
    name: 'sign-in with a wrong password',
    open: async (page, server) => {
      const reader = newReader();
      await signUpByApi(server, reader);
      await page.goto(PATHS.signIn);
      await fill(page, { email: reader.email, password: 'Not-the-password-1' });
      await submitInvalid(page, LABELS.signIn);
    },
  },
  {
    name: 'sign-in with nothing filled in',
    open: async (page) => {
      await page.goto(PATHS.signIn);
      await submitInvalid(page, LABELS.signIn);
    },
  },
  { name: 'sign-up', open: (page) => page.goto(PATHS.signUp) },
  {
    name: 'sign-up of another role',
    open: async (page) => {
      await page.goto(PATHS.signUp);
      await fill(page, { professionalRole: 'other' });
    },
  },
  {
    name: 'sign-up with nothing filled in',
    open: async (page) => {
      await page.goto(PATHS.signUp);
      await submitInvalid(page, LABELS.createAccount);
    },
  },
  {
    name: 'sign-up with a weak password',
    open: async (page) => {
      await page.goto(PATHS.signUp);
      await fill(page, newReader({ password: 'weak' }));
      await submitInvalid(page, LABELS.createAccount);
    },
  },
  {
    name: 'sign-up with a taken address',
    open: async (page, server) => {
      const reader = newReader();
      await signUpByApi(server, reader);
      await page.goto(PATHS.signUp);
      await fill(page, reader);
      await submitInvalid(page, LABELS.createAccount);
    },
  },
  { name: 'home signed in', open: signedInAt('/') },
  { name: 'account', open: signedInAt(PATHS.account) },
  { name: 'account of a long name', open: signedInAt(PATHS.account, longReader) },
  { name: 'home of a long name', open: signedInAt('/', longReader) },
  {
    name: 'account saved',
    open: async (page, server) => {
      await signedInAt(PATHS.account)(page, server);
      await fill(page, { name: 'Ada Lovelace', experienceLevel: 'advanced' });
      await submit(page, LABELS.save);
      await savedNotice(page).waitFor();
    },
  },
  {
    name: 'account with an answer that is too long',
    open: async (page, server) => {
      await signedInAt(PATHS.account)(page, server);
      await fill(page, { organization: 'Shelf & Sons '.repeat(400) });
      await submitInvalid(page, LABELS.save);
    },
  },
  { name: 'sign-out', open: signedInAt('/sign-out') },
  { name: 'not found', open: (page) => page.goto('/no-such-page') },
  { name: 'reset-password', open: atResetLink },
  {
    name: 'reset-password with a common password',
    open: async (page, server) => {
      await atResetLink(page, server);
      await fill(page, { newPassword: 'password123' });
      await submitInvalid(page, LABELS.setPassword);
    },
  },
  { name: 'security', open: signedInAt(PATHS.security) },
  {
    name: 'security with a wrong password',
    open: async (page, server) => {
      await signedInAt(PATHS.security)(page, server);
      await fill(page, { currentPassword: 'Not-the-password-1', newPassword: newReader().password });
      await submitInvalid(page, LABELS.changePassword);
    },
  },
  { name: 'data', open: signedInAt(PATHS.data) },
  {
    name: 'data with a wrong password',
    open: async (page, server) => {
      await signedInAt(PATHS.data)(page, server);
      await fill(page, { password: 'Not-the-password-1' });
      await submitInvalid(page, LABELS.deleteForGood);
    },
  },
  { name: 'conversations of nobody yet', open: signedInAt(PATHS.conversations) },
  {
    name: 'conversations',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PATHS.conversations);
    },
  },
  {
    name: 'conversations with one unfolded',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PATHS.conversations);
      await openActions(rows(page).first());
    },
  },
  {
    name: 'conversations searched',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(`${PATHS.conversations}?q=light+sens`);
      await rows(page).first().waitFor();
    },
  },
  {
    name: 'conversations searched in vain',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(`${PATHS.conversations}?q=${'Wolfeschlegelsteinhausenbergerdorff'.repeat(3)}`);
    },
  },
  {
    name: 'conversations archived',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PATHS.conversations);
      await openActions(rows(page).first());
      await rows(page).first().getByRole('button', { name: LABELS.archive, exact: true }).click();
      await flashMessage(page).waitFor();
    },
  },
  {
    name: 'conversations deleted',
    open: async (page, server) => {
      await withConversations(page, server);
      await page.goto(PATHS.conversations);
      await openActions(rows(page).first());
      await rows(page).first().getByRole('button', { name: LABELS.remove, exact: true }).click();
      await flashMessage(page).waitFor();
    },
  },
  {
    name: 'conversation',
    open: async (page, server) => {
      await startSignedIn(page, server, newReader());
      const messages = [
        { id: 'system', role: 'system', content: 'You help readers of a book about robots.' },
        { id: 'q1', role: 'user', content: 'How far does a *lidar* see, and how do I read one in Python?' },
        { ...richAnswer, id: 'earlier', parentId: 'q1', status: 'incomplete' },
        { ...richAnswer, parentId: 'q1' },
        { id: 'q2', role: 'user', content: `And https://${'subdomain.'.repeat(12)}example.com/?` },
        { id: 'failed', role: 'assistant', content: 'I would', status: 'error' },
      ];
      const id = await createConversation(page, server, { title: 'How far sensors see', messages });
      await page.goto(`${PATHS.conversations}/${id}`);
    },
  },
  {
    name: 'conversation on another branch',
    open: async (page, server) => {
      await startSignedIn(page, server, newReader());
      const messages = [
        { id: 'q1', role: 'user', content: 'What is odometry?' },
        { id: 'a1', role: 'assistant', content: 'Counting turns of a wheel.' },
        { id: 'a2', role: 'assistant', content: 'Knowing where you are from how you moved.', parentId: 'q1' },
      ];
      const id = await createConversation(page, server, { messages });
      await page.goto(`${PATHS.conversations}/${id}?branch=a1#m-a1`);
    },
  },
  {
    name: 'conversation that is long',
    open: async (page, server) => {
      await startSignedIn(page, server, newReader());
      const id = await createConversation(page, server, { messages: exchanges(90) });
      await page.goto(`${PATHS.conversations}/${id}?message=m40#m-m40`);
    },
  },
  {
    name: 'conversation that is being written',
    open: async (page, server) => {
      await startSignedIn(page, server, newReader());
      const messages = [
        { id: 'q', role: 'user', content: 'Explain PID control.' },
        { id: 'a', role: 'assistant', content: 'A PID controller adds three', status: 'in_progress' },
      ];
      const id = await createConversation(page, server, { messages });
      await page.goto(`${PATHS.conversations}/${id}`);
      await messageArticles(page).nth(1).waitFor();
    },
  },
];

/** States whose markup does not depend on scripts. */
export const PLAIN_STATES = [
  { name: 'api docs', open: (page) => page.goto(PATHS.apiDocs) },
  {
    name: 'api docs unfolded',
    open: async (page) => {
      await page.goto(PATHS.apiDocs);
      await page.locator('main').evaluate((main) => {
        for (const id of ['appendMessages', 'streamEvents', 'signUpEmail', 'schema-NewMessage', 'schema-KnownPart'])
          main.querySelector(`[id="${id}"]`).closest('details').open = true;
      });
    },
  },
  { name: 'sign-in after a reset', open: (page) => page.goto(`${PATHS.signIn}?reset`) },
  { name: 'forgot-password', open: (page) => page.goto(PATHS.forgotPassword) },
  {
    name: 'forgot-password without an address',
    open: async (page) => {
      await page.goto(PATHS.forgotPassword);
      await submitInvalid(page, LABELS.sendLink);
    },
  },
  { name: 'forgot-password sent', open: (page) => page.goto(`${PATHS.forgotPassword}?sent`) },
  { name: 'reset-password with a dead link', open: (page) => page.goto(`${PATHS.resetPassword}?token=made-up`) },
  { name: 'verify-email', open: (page) => page.goto(PATHS.verifyEmail) },
  { name: 'verify-email of a reader', open: signedInAt(PATHS.verifyEmail) },
  {
    name: 'verify-email with a link that does nothing',
    open: (page) => page.goto(`${PATHS.verifyEmail}?token=made-up`),
  },
  {
    name: 'verify-email with a link',
    open: async (page, server) => {
      const reader = longReader();
      await startSignedIn(page, server, reader);
      await page.goto(atPage(await server.outbox.mail({ type: 'verify-email', to: reader.email })));
      await button(page, LABELS.confirm).waitFor();
    },
  },
  {
    name: 'verify-email with a link that moves an account',
    open: async (page, server) => {
      await movingAccount(page, server);
      await button(page, LABELS.confirmMove).waitFor();
    },
  },
  {
    name: 'verify-email with a link to the new address',
    open: async (page, server) => {
      const { email } = await movingAccount(page, server);
      const { url } = await mailAfter(server, 'verify-email', { email }, () => submit(page, LABELS.confirmMove));
      await page.goto(url);
      await button(page, LABELS.confirmNew).waitFor();
    },
  },
  { name: 'verify-email after a sign-up', open: (page) => page.goto(`${PATHS.verifyEmail}?signed-up`) },
  { name: 'verify-email sent', open: (page) => page.goto(`${PATHS.verifyEmail}?sent`) },
  { name: 'verify-email with a code', open: (page) => page.goto(`${PATHS.verifyEmail}?code`) },
  {
    name: 'verify-email with a wrong code',
    open: async (page) => {
      await page.goto(`${PATHS.verifyEmail}?signed-up`);
      await fill(page, { code: '314159' });
      await submitInvalid(page, LABELS.confirmCode);
    },
  },
  { name: 'verify-email confirmed', open: (page) => page.goto(`${PATHS.verifyEmail}?confirmed`) },
  {
    name: 'verify-email after the first step of a change',
    open: signedInAt(`${PATHS.verifyEmail}?change`, longReader),
  },
  { name: 'verify-email after a change', open: signedInAt(`${PATHS.verifyEmail}?changed`, longReader) },
  { name: 'verify-email with a dead link', open: signedInAt(`${PATHS.verifyEmail}?error=TOKEN_EXPIRED`) },
  {
    name: 'security with a change asked for',
    open: async (page, server) => {
      await signedInAt(PATHS.security, longReader)(page, server);
      await fill(page, { newEmail: newReader().email });
      await submit(page, LABELS.changeAddress);
      await flashMessage(page).waitFor();
    },
  },
  {
    name: 'security with an address that is none',
    open: async (page, server) => {
      await signedInAt(PATHS.security)(page, server);
      await fill(page, { newEmail: 'ada@' });
      await submitInvalid(page, LABELS.changeAddress);
    },
  },
  { name: 'import', open: signedInAt(PATHS.importConversations) },
  {
    name: 'import of a file with everything',
    open: async (page, server) => {
      await signedInAt(PATHS.importConversations)(page, server);
      const conversation = (title) => ({
        uuid: title,
        name: title,
        chat_messages: [{ uuid: `${title}-1`, sender: 'human', text: 'How far does sonar reach?' }],
      });
      const unknown = ['Wolfeschlegelsteinhausenbergerdorff'.repeat(4), 'ما هو الروبوت؟', ''].map((title) => ({ title }));
      await importFile(page, [conversation('Sonar'), conversation('Lidar'), ...unknown]);
      await page.locator('#outcome').waitFor();
    },
  },
  {
    name: 'import of no conversations',
    open: async (page, server) => {
      await signedInAt(PATHS.importConversations)(page, server);
      await importFile(page, { playlist: [] });
      await expect(page).toHaveTitle(/^Error:/);
    },
  },
  { name: 'conversation of nobody', open: signedInAt(`${PATHS.conversations}/made-up`) },
  { name: 'sessions', open: signedInAt(PATHS.sessions) },
  {
    name: 'sessions elsewhere',
    open: async (page, server) => {
      const reader = newReader();
      await startSignedIn(page, server, reader);
      for (const agent of AGENTS) await signInWith(server, reader, agent);
      await page.goto(PATHS.sessions);
    },
  },
  {
    name: 'sessions ended',
    open: async (page, server) => {
      const reader = newReader();
      await startSignedIn(page, server, reader);
      await signInWith(server, reader, AGENTS[0]);
      await page.goto(PATHS.sessions);
      await button(page, LABELS.endOthers).click();
      await flashMessage(page).waitFor();
    },
  },
  { name: 'home after a deletion', open: (page) => page.goto('/?deleted') },
  {
    name: 'outbox',
    open: async (page, server) => {
      const reader = newReader();
      await signUpByApi(server, reader);
      await passwordResetLink(server, reader);
      await page.goto(server.outboxPage);
    },
  },
];

/** The server of INVITED_STATES: accounts are opened by invitation, and its author's terms have to be accepted. */
export const INVITING = {
  settings: { BOOKPLATE_SIGN_UP: 'invite' },
  files: {
    'bookplate.toml': bookplateToml({
      book: {
        terms_url: 'https://book.example.org/terms',
        privacy_url: 'https://book.example.org/privacy',
        terms_version: `2026-11-30-${'draft'.repeat(5)}`,
      },
    }),
  },
};

/** States that only that server has. */
export const INVITED_STATES = [
  { name: 'sign-up without an invitation', open: (page) => page.goto(PATHS.signUp) },
  { name: 'sign-up with a dead invitation', open: (page) => page.goto(`${PATHS.signUp}?token=made-up`) },
  { name: 'sign-up with an invitation and terms', open: atInvitation },
  {
    name: 'sign-up without accepting the terms',
    open: async (page, server) => {
      await atInvitation(page, server);
      await fill(page, newReader());
      await submitInvalid(page, LABELS.createAccount);
      await errorOf(page, 'acceptedTerms').waitFor();
    },
  },
  { name: 'terms', open: atTerms },
  {
    name: 'terms not accepted',
    open: async (page, server) => {
      await atTerms(page, server);
      await submitInvalid(page, LABELS.acceptTerms);
      await errorOf(page, 'acceptedTerms').waitFor();
    },
  },
];

async function atInvitation(page, server) {
  const { link } = await runCommandJson(server, 'invite', '--any');
  await page.goto(link);
  await control(page, 'acceptedTerms').waitFor();
}

async function atTerms(page, server) {
  await startMadeByOperator(page, server, newReader());
  await page.goto(PATHS.account);
  await control(page, 'acceptedTerms').waitFor();
}

async function importFile(page, json) {
  const buffer = Buffer.from(JSON.stringify(json));
  await control(page, 'file').setInputFiles({ name: 'conversations.json', mimeType: 'application/json', buffer });
  await submit(page, LABELS.importFile);
}

/** A reader with many conversations, one of them with a title without line break opportunities. */
async function withConversations(page, server) {
  await startSignedIn(page, server, newReader());
  for (let number = 1; number <= 22; number += 1) {
    await createConversation(page, server, { title: number % 3 ? undefined : `Chapter ${number}: sensors`, messages: exchanges(4) });
  }
  const messages = [['user', 'x'.repeat(300)]];
  await createConversation(page, server, { title: 'Featherstonehaugh'.repeat(8), messages });
  await createConversation(page, server, { title: 'How far sensors see', messages: [...exchanges(2), richAnswer] });
  await createConversation(page, server, { messages: [['user', 'ما هو الروبوت؟']] });
}

/** User agents: a phone, a desktop, and a very long one. */
const AGENTS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
  `Reader/1.0 (${'unbroken'.repeat(30)})`,
];

/** The confirmation page of an email link. */
const atPage = ({ token }) => `${PATHS.verifyEmail}?token=${token}`;

/** A verified reader who has requested a new (long) address and opened the first link. */
async function movingAccount(page, server) {
  const [reader, { email }] = [newReader(), longReader()];
  await startSignedIn(page, server, reader);
  await page.goto((await server.outbox.mail({ type: 'verify-email', to: reader.email })).url);
  await page.goto(PATHS.security);
  await fill(page, { newEmail: email });
  const { url } = await mailAfter(server, 'change-email', reader, () => submit(page, LABELS.changeAddress));
  await page.goto(url);
  return { email };
}

async function signInWith(server, { email, password }, agent) {
  const headers = { 'user-agent': agent };
  await new HttpClient(server).api('POST', '/sign-in/email', { json: { email, password }, headers });
}

async function atResetLink(page, server) {
  const reader = newReader();
  await signUpByApi(server, reader);
  await page.goto(await passwordResetLink(server, reader));
}

function signedInAt(path, reader = newReader) {
  return async (page, server) => {
    await startSignedIn(page, server, reader());
    await page.goto(path);
  };
}
