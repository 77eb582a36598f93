/** The one module that knows @grpc/grpc-js; all else takes from here what it needs of it. */
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

// Its lines would go to standard error past telemetry; all that they say comes to us as a status or a rejection.
if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);

export {
  Channel,
  type ChannelOptions,
  credentials,
  type Deadline,
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition as GrpcServiceDefinition,
  type StatusObject,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
