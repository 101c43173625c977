import { hideLoginForm, showLoginForm, startLoginForm } from './login-form.ts';
import { openSessionsView, startSessionsView } from './sessions-view.ts';
import { startTheme } from './theme.ts';

/*
 * The page: a form to log in, and then the sessions. A login's security token stands in the page's
 * address and nowhere else, so that loading it again keeps the login.
 */

startTheme();
startSessionsView((why) => {
  history.replaceState(null, '', '/');
  showLoginForm(why);
});

startLoginForm((securityToken) => {
  history.replaceState(null, '', `${securityToken}/`);
  hideLoginForm();
  openSessionsView(securityToken);
});

const securityToken = /^\/cpsess\d{10}(?=\/)/.exec(location.pathname)?.[0];
if (securityToken === undefined) showLoginForm();
else openSessionsView(securityToken);
