/**
 * Server reflection, versions v1 and v1alpha (the same interface under two names): what grpcurl and its like ask first.
 *
 * Source: gRPC server reflection protocol (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md).
 */
import { codes } from '@skerry/kernel';
import type { reflection } from '@skerry/proto';
import { descriptorIndex, withImports, type FileDescriptor } from './descriptors.ts';

type Request = reflection.ServerReflectionRequest;
type Response = reflection.ServerReflectionResponse;
type Answer = NonNullable<Response['messageResponse']>;

/** @param services full names of what is served here. */
export function reflectionHandlers(services: () => readonly string[]) {
  return {
    async *serverReflectionInfo(requests: AsyncIterable<Request>): AsyncGenerator<Response, void> {
      for await (const request of requests)
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request, services) };
    },
  };
}

function answer({ messageRequest }: Request, services: () => readonly string[]): Answer {
  if (messageRequest === undefined) return failed('invalid_argument', 'the request asks for nothing');
  const index = descriptorIndex();
  switch (messageRequest.$case) {
    case 'listServices': {
      const service = [...services()].sort().map((name) => ({ name }));
      return { $case: 'listServicesResponse', value: { service } };
    }
    case 'fileByFilename':
      return filesOf(index.files.get(messageRequest.value), `file "${messageRequest.value}"`);
    case 'fileContainingSymbol': {
      const symbol = messageRequest.value.replace(/^\./, '');
      return filesOf(index.symbols.get(symbol), `symbol "${symbol}"`);
    }
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = messageRequest.value;
      return failed('not_found', `no extension ${extensionNumber} of "${containingType}"`);
    }
    case 'allExtensionNumbersOfType': {
      const baseTypeName = messageRequest.value.replace(/^\./, '');
      // proto3 has no extensions of our messages: a known type has none.
      return index.messages.has(baseTypeName)
        ? { $case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber: [] } }
        : failed('not_found', `no message "${baseTypeName}"`);
    }
  }
}

function filesOf(file: FileDescriptor | undefined, what: string): Answer {
  if (file === undefined) return failed('not_found', `no ${what}`);
  const fileDescriptorProto = withImports(descriptorIndex(), file).map(({ bytes }) => bytes);
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

const failed = (code: keyof typeof codes, errorMessage: string): Answer => ({
  $case: 'errorResponse',
  value: { errorCode: codes[code].wire, errorMessage },
});
