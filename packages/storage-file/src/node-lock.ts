// One process per data directory. Every variant is a lock that the kernel holds for an open
// descriptor: it ends with the process (kill -9 and reboot included), can't be left behind stale,
// and is taken atomically. No pid files, no time-outs.
import { constants, open, close } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:net";

type Release = () => Promise<void>;

/**
 * @returns releases the lock; undefined when it is held by another process, or elsewhere in this
 * one
 */
export async function lockDirectory(directory: string): Promise<Release | undefined> {
  switch (process.platform) {
    case "linux":
      return bindName(directory);
    case "darwin":
    case "freebsd":
      return openExclusively(directory, 0x20 | constants.O_NONBLOCK); // O_EXLOCK: flock while opening
    case "win32":
      return openExclusively(directory, 0x1000_0000); // libuv's UV_FS_O_EXLOCK: no sharing
    default:
      throw new Error(
        `no way to lock a directory on ${process.platform}; pass a fileSystem of your own whose lock suits it`,
      );
  }
}

/**
 * Linux: Node has no flock, but a name in the abstract socket namespace has exactly one owner, and
 * no file. The name is made of device and inode, so that symbolic links and bind mounts to the same
 * directory meet.
 */
async function bindName(directory: string): Promise<Release | undefined> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      "code" in error && error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ path: `\0raftkit/storage-file/${dev}:${ino}`, exclusive: true }, () => {
      resolve(() => new Promise((released) => server.close(() => released())));
    });
  });
}

/**
 * macOS, BSD and Windows lock a file while they open it. The file stays; only the open descriptor
 * counts.
 */
function openExclusively(directory: string, flag: number): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    open(`${directory}/lock`, constants.O_RDWR | constants.O_CREAT | flag, 0o600, (error, fd) => {
      if (error === null) {
        resolve(
          () =>
            new Promise((released, failed) =>
              close(fd, (problem) => (problem ? failed(problem) : released())),
            ),
        );
      } else if (error.code === "EAGAIN" || error.code === "EBUSY") resolve(undefined);
      else reject(error);
    });
  });
}
