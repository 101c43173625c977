import { type LoginOutcome, logIn } from './api.ts';
import { byId, setText } from './dom.ts';
import { waitText } from './formats-here.ts';
import { text } from './texts.ts';

const view = byId('login', HTMLElement);
const form = byId('login-form', HTMLFormElement);
const account = byId('login-account', HTMLInputElement);
const password = byId('login-password', HTMLInputElement);
const button = byId('login-button', HTMLButtonElement);
const message = byId('login-message', HTMLElement);

/** Makes the form log in; `onIn` gets the security token. */
export function startLoginForm(onIn: (securityToken: string) => void): void {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    // A second attempt during the first would only count against the reader.
    if (button.disabled) return;
    button.disabled = true;
    setText(button, text('loggingIn'));
    const outcome = await logIn(account.value, password.value);
    button.disabled = false;
    setText(button, text('logIn'));
    if (outcome.kind === 'in') {
      password.value = '';
      onIn(outcome.securityToken);
    } else {
      refuse(outcome);
    }
  });
}

/** Shows the form, with what led to it. */
export function showLoginForm(why = ''): void {
  view.hidden = false;
  setText(message, why);
  (account.value === '' ? account : password).focus();
}

export function hideLoginForm(): void {
  view.hidden = true;
  setText(message, '');
}

function refuse(outcome: Exclude<LoginOutcome, { kind: 'in' }>): void {
  setText(message, textFor(outcome));
  password.select();
  password.focus();
}

function textFor(outcome: Exclude<LoginOutcome, { kind: 'in' }>): string {
  switch (outcome.kind) {
    case 'wrong':
      return text('wrongLogin');
    case 'throttled':
      return text('throttled', { wait: waitText(outcome.seconds) });
    case 'busy':
      return text('busy', { wait: waitText(outcome.seconds) });
    case 'unreachable':
      return text('unreachable');
    case 'unexpected':
      return text('unexpected', { status: String(outcome.status) });
  }
}
