/** The values of `WITH …`, read as what an option wants. Source: Cassandra 5.0, PropertyDefinitions. */
import type { Properties, PropertyValue } from '@skerry/protocol-cql';
import { badSyntax } from './fault.ts';

/** @throws Refusal for a property that is none. */
export function checkNames(properties: Properties, known: ReadonlySet<string>): void {
  for (const name of properties.keys())
    if (!known.has(name.toLowerCase())) throw badSyntax(`Unknown property '${name}'`);
}

export function simpleValue(name: string, value: PropertyValue): string {
  if (typeof value === 'object') throw badSyntax(`Invalid value for property '${name}'. It should be a string`);
  return String(value);
}
export function mapValue(name: string, value: PropertyValue): ReadonlyMap<string, string> {
  if (typeof value !== 'object') throw badSyntax(`Invalid value for property '${name}'. It should be a map.`);
  return value;
}

export function integerValue(name: string, value: PropertyValue): number {
  const text = simpleValue(name, value);
  const number = Number(text);
  if (!/^[+-]?\d+$/.test(text) || number > 0x7fffffff || number < -0x80000000)
    throw badSyntax(`Invalid integer value ${text} for '${name}'`);
  return number;
}
export function doubleValue(name: string, value: PropertyValue): number {
  const text = simpleValue(name, value).trim();
  const number = Number(text);
  if (text === '' || Number.isNaN(number)) throw badSyntax(`Invalid double value ${text} for '${name}'`);
  return number;
}
export function booleanValue(name: string, value: PropertyValue): boolean {
  const text = simpleValue(name, value);
  switch (text.toLowerCase()) {
    case '1':
    case 'true':
    case 'yes':
      return true;
    case '0':
    case 'false':
    case 'no':
      return false;
    default:
      throw badSyntax(
        `Invalid boolean value ${text} for '${name}'. Positive values can be '1', 'true' or 'yes'. ` +
          `Negative values can be '0', 'false' or 'no'.`,
      );
  }
}
