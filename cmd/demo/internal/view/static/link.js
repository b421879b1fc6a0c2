// The connection to the demo: what it sends, and whether it still does.

const tries = 5; // before the page gives up
const pause = 1000; // between two of them, in milliseconds
const silence = 5000; // after which a demo that says nothing is in doubt

// connect passes updates to receive, and to show how the connection is: on,
// silent, lost (and which try it is), gone or ended. It returns a function that
// begins again.
export const connect = (receive, show) => {
  let failed = 0;
  let doubt;
  const open = () => {
    const source = new EventSource("/stream");
    const listen = () => {
      clearTimeout(doubt);
      doubt = setTimeout(() => show("silent"), silence);
    };
    source.addEventListener("update", (e) => {
      failed = 0;
      listen();
      show("on");
      receive(JSON.parse(e.data));
    });
    source.addEventListener("end", () => {
      clearTimeout(doubt);
      source.close();
      show("ended");
    });
    source.onerror = () => {
      clearTimeout(doubt);
      source.close();
      failed += 1;
      if (failed > tries) show("gone");
      else {
        show("lost", `${failed} of ${tries}`);
        setTimeout(open, pause);
      }
    };
  };
  open();
  return () => {
    failed = 0;
    show("lost", `1 of ${tries}`);
    open();
  };
};
