/** Settings that several commands share, each one row. */
import { flag, optionalText, text } from '@skerry/runtime-config';

export const dataSetting = text({
  default: './skerry-data',
  help: 'Folder that holds everything.',
  placeholder: 'DIR',
});
export const jsonSetting = flag({ help: 'Print JSON on stdout and nothing else there.' });
export const insecureSetting = flag({ help: 'No TLS between nodes: for development only.' });
export const adminPasswordSetting = optionalText({
  help: "The first administrator's password; without one, a random one is made at the first start and shown once.",
  secret: true,
  placeholder: 'P',
});
