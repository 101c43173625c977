import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opens a data connection from the control connection's own address, which the server demands. */
export async function openData(control: Socket, passiveReply: string): Promise<Socket> {
  const port = Number(/\(\|\|\|(\d+)\|\)/.exec(passiveReply)?.[1]);
  const { remoteAddress: host = '', localAddress = '' } = control;
  const data = connect({ host, port, localAddress });
  data.on('error', () => undefined);
  await once(data, 'connect');
  return data;
}
