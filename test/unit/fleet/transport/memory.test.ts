import { createMemoryNetwork } from '../../../../src/fleet/transport/memory.ts';
import { testTransport } from './transport-contract.ts';

testTransport('memory', async () => {
  const network = createMemoryNetwork();
  return {
    gateway: async () => network.gateway(),
    agent: async (host, answer) => network.agent(host, answer),
    cut: async () => network.cut(),
    mend: async () => network.mend(),
    close: async () => {},
  };
});
