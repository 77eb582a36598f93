/** What columns of a result are called that are more than a column. Source: Cassandra 5.0, `Selectable.toString` and its kin. */
import { typeName, type ValueType } from '@skerry/domain-values';
import { unreachable } from '@skerry/kernel';
import { termText, type Selector } from '@skerry/protocol-cql';
import { resolveType } from '../../catalog/resolve-type.ts';
import { typeScope, type Planning } from '../planning.ts';

export class SelectorNames {
  readonly #planning: Planning;
  readonly #keyspace: string;
  readonly #ignored: ReadonlySet<Selector>;

  /**
   * @param keyspace whose types casts and hints may name.
   * @param ignored casts that change nothing: they are called what they are of.
   */
  constructor(planning: Planning, keyspace: string, ignored: ReadonlySet<Selector>) {
    this.#planning = planning;
    this.#keyspace = keyspace;
    this.#ignored = ignored;
  }
  #type(name: Parameters<typeof resolveType>[0]): ValueType {
    return resolveType(name, typeScope(this.#planning, this.#keyspace));
  }
  /** As the result's column is called. */
  of(selector: Selector): string {
    const names = (all: readonly Selector[]): string => all.map((each) => this.of(each)).join(', ');
    switch (selector.kind) {
      case 'column':
        return selector.name;
      case 'term':
        return termText(selector.term);
      case 'count':
        return 'count';
      case 'writetime':
      case 'maxwritetime':
      case 'ttl':
        return `${selector.kind}(${this.of(selector.of)})`;
      case 'cast':
        if (this.#ignored.has(selector)) return this.of(selector.of);
        return `cast(${this.of(selector.of)} as ${typeName(this.#type(selector.to))})`;
      case 'call':
        return `${selector.name.keyspace ?? 'system'}.${selector.name.name}(${names(selector.args)})`;
      case 'field':
        return `${this.of(selector.of)}.${selector.field}`;
      case 'element':
        return `${this.of(selector.of)}[${termText(selector.key)}]`;
      case 'slice': {
        const [from, to] = [selector.from, selector.to].map((term) => (term === undefined ? '' : termText(term)));
        return `${this.of(selector.of)}[${from}..${to}]`;
      }
      case 'arithmetic':
        return `${this.of(selector.left)} ${selector.operator} ${this.of(selector.right)}`;
      case 'negative':
        return `-${this.of(selector.of)}`;
      case 'hint':
        return `(${typeName(this.#type(selector.type))})${this.of(selector.of)}`;
      case 'list':
        return `[${names(selector.elements)}]`;
      case 'set':
        return `{${names(selector.elements)}}`;
      case 'tuple':
        return `(${names(selector.elements)})`;
      case 'map':
        return `{${selector.entries.map(([key, value]) => `${this.of(key)}: ${this.of(value)}`).join(', ')}}`;
      case 'user':
        return `{${selector.fields.map(([name, value]) => `${name}: ${this.of(value)}`).join(', ')}}`;
      default:
        return unreachable(selector);
    }
  }
}
