// Called by the external harness to make a session older. It runs in the harness's process; ours has the databases.

export default function age({ token, seconds }) {
  return new Promise((resolve, reject) => {
    process.once('message', ({ error }) => (error ? reject(new Error(error)) : resolve()));
    process.send({ token, seconds });
  });
}
