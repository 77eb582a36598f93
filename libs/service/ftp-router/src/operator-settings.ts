/** Settings of what the router tells the operator: logs, webhooks, addresses by network, certificates. */
import { integer, list, oneOf, optionalText, text } from '@skerry/runtime-config';
import { happeningKinds } from './happening.ts';

export const operatorSettings = {
  transferLog: optionalText({
    placeholder: 'FILE',
    help: "file for a line for each file sent or received; a relative path is in the node's folder. Default: none",
  }),
  transferLogFormat: oneOf({
    default: 'xferlog',
    choices: ['xferlog', 'json'],
    help: 'form of the transfer log: the line of wu-ftpd and ProFTPD, or one JSON object for each',
  }),
  auditLog: text({
    default: 'audit.jsonl',
    placeholder: 'FILE',
    help: 'file for JSON lines of logins, changes, denials and kicks, as the transfer log; "none" writes none',
  }),
  logFileBytesMax: integer({
    default: 64 * 1024 * 1024,
    min: 1_024,
    max: 2 ** 40,
    unit: 'bytes',
    help: 'size at which a log is put aside as FILE.1; SIGHUP opens it anew for logrotate',
  }),
  logFilesKept: integer({ default: 5, min: 1, max: 1_000, unit: 'files', help: 'logs put aside that are kept' }),
  webhook: list({
    default: [],
    pattern: /^https?:\/\/[^\s,]+$/,
    wanted: 'http or https addresses, separated by commas',
    placeholder: 'URL,…',
    help: 'addresses that are told of events by POST, in order, each tried again until it answers 2xx',
  }),
  webhookEvents: list({
    default: happeningKinds,
    pattern: new RegExp(`^(${happeningKinds.join('|')})$`),
    wanted: `some of ${happeningKinds.join(', ')}`,
    placeholder: 'EVENT,…',
    help: 'what webhooks are told',
  }),
  webhookSecretFile: optionalText({
    placeholder: 'FILE',
    help: 'file with the secret that signs each webhook (HMAC-SHA256); read again at SIGHUP. Default: unsigned',
  }),
  webhookTimeoutMs: integer({
    default: 10_000,
    min: 100,
    max: 120_000,
    unit: 'ms',
    help: 'longest wait for the answer to one try',
  }),
  webhookTriesMax: integer({
    default: 10,
    min: 1,
    max: 100,
    unit: 'tries',
    help: 'tries of one event, the pause doubling from 0.5 s to 60 s: ten take four minutes; then it is dropped',
  }),
  webhookQueueMax: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    unit: 'events',
    help: 'events that wait for one address; the oldest gives way to one more, and is counted',
  }),
  quotaWarningPercent: integer({
    default: 90,
    min: 1,
    max: 100,
    unit: '%',
    help: 'part of a quota from which the 226 of an upload warns, and an event tells',
  }),
  passiveHostFor: list({
    default: [],
    pattern: /^[0-9a-fA-F.:]+(\/\d{1,3})?=[A-Za-z0-9_.:-]+$/,
    wanted: 'NETWORK=ADDRESS, separated by commas',
    placeholder: 'CIDR=ADDR,…',
    help: 'address told to passive clients of a network, before --passive-host; the longest network that fits counts',
  }),
  tlsReloadMs: integer({
    default: 10_000,
    min: 100,
    max: 86_400_000,
    unit: 'ms',
    help: 'how often --tls-cert and --tls-key are looked at; changed ones serve new sessions, SIGHUP looks at once',
  }),
};
