/** A module of its own, to be loaded late: in a bundle a package that is would give no names. */
export { generate } from 'selfsigned';
