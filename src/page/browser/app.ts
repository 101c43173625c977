import { createTimes } from './formats.ts';
import { hideLoginForm, showLoginForm, startLoginForm } from './login-form.ts';
import { createSessionsView } from './sessions-view.ts';

/*
 * The page: a form to log in, and then the sessions. A login's security token stands in the page's
 * address and nowhere else, so that loading it again keeps the login.
 */

const view = createSessionsView(createTimes(navigator.language), (why) => {
  history.replaceState(null, '', '/');
  showLoginForm(why);
});

startLoginForm((securityToken) => {
  history.replaceState(null, '', `${securityToken}/`);
  hideLoginForm();
  view.open(securityToken);
});

const securityToken = /^\/cpsess\d{10}(?=\/)/.exec(location.pathname)?.[0];
if (securityToken === undefined) showLoginForm();
else view.open(securityToken);
