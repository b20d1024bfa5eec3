// An SMS gateway for tests: node smpp_server.cjs PORT. It prints one JSON object a line for each PDU that comes in.
// What it does with a message is in the message: "#hold" is not answered, "#drop" breaks the connection, "#busy" is
// throttled the first two times, "#refuse" is refused, "#early" has its receipt before its answer, "#late" after it.
// A line on its standard input, {"from", "text"}, is a message that comes from a telephone.
const smpp = require("smpp");
const sessions = new Set();
const busy = new Map();
let number = 0;

const say = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);

const receipt = (session, pdu, id, stat) =>
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    short_message: {
      message: Buffer.from(
        `id:${id} sub:001 dlvrd:001 submit date:2611271530 done date:2611271531 stat:${stat} err:000 text:`,
      ),
    },
  });

const server = smpp.createServer({}, (session) => {
  sessions.add(session);
  session.on("error", () => {});
  session.on("close", () => sessions.delete(session));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    say({ command: "unbind" });
    session.send(pdu.response());
    session.close();
  });
  session.on("bind_transceiver", (pdu) => {
    const known = pdu.system_id === "contesta" && pdu.password === "secreta";
    say({ command: "bind", known });
    session.send(pdu.response({ command_status: known ? 0 : smpp.ESME_RINVPASWD }));
  });
  session.on("submit_sm", (pdu) => {
    const message = pdu.short_message.message;
    const text = Buffer.isBuffer(message) ? message.toString("latin1") : message;
    const has = (word) => text.includes(word);
    const id = `m${++number}`;
    say({
      command: "submit_sm",
      to: pdu.destination_addr,
      from: pdu.source_addr,
      from_ton: pdu.source_addr_ton,
      coding: pdu.data_coding,
      text,
      header: (pdu.short_message.udh || []).map((part) => part.toString("hex")).join(""),
    });
    if (has("#hold")) return;
    if (has("#drop")) return session.close();
    if (has("#refuse")) return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    if (has("#busy")) {
      const times = (busy.get(text) || 0) + 1;
      busy.set(text, times);
      if (times < 3) return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    }
    if (has("#early")) receipt(session, pdu, id, "DELIVRD");
    session.send(pdu.response({ message_id: id }));
    if (has("#late")) receipt(session, pdu, id, "UNDELIV");
  });
});

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { from, text } = JSON.parse(line);
    for (const session of sessions)
      session.deliver_sm({ source_addr: from, source_addr_ton: 1, destination_addr: "890123", short_message: text });
  });

server.listen(Number(process.argv[2]), "127.0.0.1", () => say({ command: "listening" }));
