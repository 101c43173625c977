import { type LoginOutcome, logIn } from './api.ts';
import { byId, setText } from './dom.ts';
import { texts } from './texts.ts';

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
    setText(button, texts.loggingIn);
    const outcome = await logIn(account.value, password.value);
    button.disabled = false;
    setText(button, texts.logIn);
    if (outcome.kind === 'in') {
      password.value = '';
      onIn(outcome.securityToken);
    } else {
      refuse(outcome);
    }
  });
}

/** Shows the form, with what led to it. */
export function showLoginForm(text = ''): void {
  view.hidden = false;
  setText(message, text);
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
      return texts.wrongLogin;
    case 'throttled':
      return texts.throttled(outcome.seconds);
    case 'busy':
      return texts.busy(outcome.seconds);
    case 'unreachable':
      return texts.unreachable;
    case 'unexpected':
      return texts.unexpected(outcome.status);
  }
}
