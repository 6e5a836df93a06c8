/** A way to a server that a test can close and open: what stands behind it is then unreachable, as if it were down. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

export interface Gate {
  /** host:port of the gate; the same after it was closed and opened. */
  readonly address: string;
  /** Cuts all connections and takes no new ones. Repeatable. */
  close(): Promise<void>;
  open(): Promise<void>;
}

/** @param target host:port of the server behind it */
export async function openGate(target: string): Promise<Gate> {
  const [host, targetPort] = target.split(':') as [string, string];
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;
  const keep = (socket: Socket, other: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const open = async () => {
    server = createServer((near) => {
      const far = connect(Number(targetPort), host);
      keep(near, far);
      keep(far, near);
      near.pipe(far);
      far.pipe(near);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  };
  await open();
  return {
    address: `127.0.0.1:${port}`,
    open,
    close: async () => {
      if (server === null) return;
      const closed = once(server, 'close');
      server.close();
      server = null;
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
