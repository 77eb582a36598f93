/** Selectors of the tree made into what is evaluated. Source: Cassandra 5.0, `cql3.selection.Selectable`: rules and texts. */
import type { TableSchema } from '@skerry/domain-table';
import { frozenType, typeName, type Argument, type ValueType } from '@skerry/domain-values';
import {
  termText,
  typeText,
  type QualifiedName,
  type SelectClause,
  type Selector,
  type Term,
} from '@skerry/protocol-cql';
import { assert, unreachable } from '@skerry/kernel';
import { resolveType } from '../../catalog/resolve-type.ts';
import { calleeText, resolveCall, type CallTerm } from '../calls.ts';
import { invalid } from '../contract.ts';
import { prepareOperand } from '../operands.ts';
import { typeScope, type Planning } from '../planning.ts';
import { elementReceiver, keyReceiver, type Receiver } from '../receivers.ts';
import { knownType, literalKind, termArgument, typeFit } from '../term-fit.ts';
import { aggregateFor, isAggregateName } from './aggregates.ts';
import { columnRef } from './row.ts';
import { SelectorNames } from './selector-names.ts';
import { asTerm, nothing, rootColumn } from './selector-shapes.ts';
import {
  AggregateSelected,
  CallSelected,
  CollectionSelected,
  ColumnSelected,
  CountSelected,
  ElementSelected,
  FieldSelected,
  FirstSelected,
  KeySelected,
  OperandSelected,
  SliceSelected,
  type Selected,
} from './selected.ts';
import {
  ColumnTimes,
  ElementTimes,
  FieldTimes,
  SliceTimes,
  TimesSelected,
  type TimesKind,
  type TimesPart,
} from './times.ts';
import { columnOf } from './relation.ts';

/** One column of the result. */
export type ResultSelector = { readonly name: string; readonly selected: Selected };

export class Selectors {
  readonly #planning: Planning;
  readonly #schema: TableSchema;
  readonly #grouped: boolean;
  /** Columns that are selected in some way. */
  readonly columns = new Set<string>();
  readonly #names: SelectorNames;
  readonly #ignoredCasts = new Set<Selector>();
  #inAggregate = false;

  /** @param grouped rows are aggregated: what is no aggregate tells of the first row of its group. */
  constructor(planning: Planning, schema: TableSchema, grouped: boolean) {
    this.#planning = planning;
    this.#schema = schema;
    this.#grouped = grouped;
    this.#names = new SelectorNames(planning, schema.keyspace, this.#ignoredCasts);
  }
  clause({ selector, alias }: SelectClause): ResultSelector {
    // Parentheses around one thing may be a tuple of it: nobody says which, and a constant says no type.
    const isUnknown =
      (selector.kind === 'tuple' && selector.elements.length === 1) ||
      (selector.kind === 'term' && literalKind(selector.term) !== undefined);
    if (isUnknown) throw this.#unknown(selector);
    const selected = this.#made(selector, undefined);
    return { name: alias ?? this.#names.of(selector), selected };
  }
  /** All columns, in the order of `*`. */
  all(): readonly ResultSelector[] {
    const { partitionKey, clustering, statics, regulars } = this.#schema;
    return [...partitionKey, ...clustering, ...statics, ...regulars].map(({ name }) => ({
      name,
      selected: this.#column(name),
    }));
  }
  /** For GROUP BY. */
  selected(selector: Selector): Selected {
    return this.#made(selector, undefined);
  }

  get #place(): { readonly keyspace: string; readonly table: string } {
    return { keyspace: this.#schema.keyspace, table: this.#schema.name };
  }
  #first(selected: Selected): Selected {
    return this.#grouped && !this.#inAggregate ? new FirstSelected(selected) : selected;
  }
  #column(name: string): Selected {
    const column = columnOf(this.#schema, name);
    this.columns.add(name);
    return this.#first(new ColumnSelected(columnRef(column)));
  }
  /** @param wanted a type that decides what constants and markers are. */
  #made(selector: Selector, wanted: ValueType | undefined): Selected {
    switch (selector.kind) {
      case 'column':
        return this.#column(selector.name);
      case 'term':
        return this.#term(selector.term, wanted);
      case 'count':
        return this.#aggregated(() => new CountSelected());
      case 'writetime':
      case 'maxwritetime':
      case 'ttl':
        return this.#times(selector.kind, selector.of);
      case 'call':
        return this.#call(selector.name, selector.args, wanted);
      case 'cast': {
        const to = this.#type(selector.to);
        const of = this.#made(selector.of, undefined);
        if (of.type.kind === to.kind) {
          this.#ignoredCasts.add(selector);
          return of;
        }
        // No cast is named by this other word for text.
        if (typeText(selector.to) === 'varchar')
          throw invalid(`${this.#names.of(selector.of)} cannot be cast to ${typeText(selector.to)}`);
        return this.#operation({ kind: 'cast', of: nothing, to: selector.to }, [selector.of], wanted);
      }
      case 'arithmetic':
        return this.#operation(
          { kind: 'arithmetic', operator: selector.operator, left: nothing, right: nothing },
          [selector.left, selector.right],
          wanted,
        );
      case 'negative':
        return this.#operation({ kind: 'negative', of: nothing }, [selector.of], wanted);
      case 'field':
        return this.#field(selector);
      case 'element':
        return this.#element(selector);
      case 'slice':
        return this.#slice(selector);
      case 'hint':
        return this.#hint(selector);
      case 'list':
      case 'set':
      case 'tuple':
      case 'map':
      case 'user': {
        const term = wanted === undefined ? undefined : asTerm(selector);
        return term === undefined ? this.#collection(selector, wanted) : this.#term(term, wanted);
      }
      default:
        return unreachable(selector);
    }
  }
  #type(name: Parameters<typeof resolveType>[0]): ValueType {
    return resolveType(name, typeScope(this.#planning, this.#schema.keyspace));
  }
  #receiver(name: string, type: ValueType): Receiver {
    return { keyspace: this.#schema.keyspace, table: this.#schema.name, name, type };
  }
  #term(term: Term, wanted: ValueType | undefined): Selected {
    const type = wanted ?? knownType(this.#planning, this.#place, term);
    if (type === undefined)
      throw invalid(
        `Cannot infer type for term ${termText(term)} in selection clause (try using a cast to force a type)`,
      );
    return new OperandSelected(prepareOperand(this.#planning, term, this.#receiver('[selection]', type)));
  }
  #aggregated(make: () => Selected): Selected {
    if (this.#inAggregate) throw invalid('aggregate functions cannot be used as arguments of aggregate functions');
    return make();
  }
  #times(kind: TimesKind, of: Selector): Selected {
    const root = rootColumn(of);
    if (root === undefined)
      throw invalid(`Cannot use selection function ${kind} on ${this.#names.of(of)}: only columns have it`);
    const column = columnOf(this.#schema, root);
    if (column.kind === 'partition_key' || column.kind === 'clustering')
      throw invalid(`Cannot use selection function ${kind} on PRIMARY KEY part ${column.name}`);
    // Its parts tell of the row that it is evaluated on, the first of a group.
    const was = this.#inAggregate;
    this.#inAggregate = true;
    const part = this.#timesOf(of);
    this.#inAggregate = was;
    return this.#first(new TimesSelected(kind, part));
  }
  #timesOf(selector: Selector): TimesPart {
    const made = this.#made(selector, undefined);
    if (selector.kind === 'element' && made instanceof ElementSelected)
      return new ElementTimes(this.#timesOf(selector.of), made);
    if (selector.kind === 'slice' && made instanceof SliceSelected)
      return new SliceTimes(this.#timesOf(selector.of), made);
    if (selector.kind === 'field' && made instanceof FieldSelected)
      return new FieldTimes(this.#timesOf(selector.of), made);
    assert(made instanceof ColumnSelected, 'times are of a column');
    return new ColumnTimes(made.ref, made);
  }

  #call(name: QualifiedName, args: readonly Selector[], wanted: ValueType | undefined): Selected {
    if (!isAggregateName(name)) return this.#operation({ kind: 'call', name, args: [] }, args, wanted);
    return this.#aggregated(() => {
      this.#inAggregate = true;
      try {
        const made = args.map((arg) => this.#made(arg, undefined));
        const found = aggregateFor(
          name,
          made.map(({ type }) => type),
        );
        return new AggregateSelected(found, made);
      } finally {
        this.#inAggregate = false;
      }
    });
  }
  #argument(selector: Selector): Argument {
    const term = asTerm(selector);
    if (term !== undefined) return termArgument(this.#planning, this.#place, term);
    if (selector.kind === 'list') {
      const elements = selector.elements.map((each) => this.#argument(each));
      const known = elements.some(({ type }) => type !== undefined) ? this.#made(selector, undefined).type : undefined;
      return {
        text: this.#names.of(selector),
        listLength: elements.length,
        type: known,
        // What stands between brackets is a vector as well as a list.
        fits: (to) =>
          to.kind === 'vector' && elements.length === to.dimension
            ? elements.some((each) => each.fits(to.element) === 'no')
              ? 'no'
              : 'weak'
            : known === undefined
              ? 'no'
              : typeFit(to, known),
      };
    }
    const made = this.#made(selector, undefined).type;
    const type = selector.kind === 'hint' ? frozenType(made) : made;
    return { text: this.#names.of(selector), type, fits: (to) => typeFit(to, type) };
  }
  /** @param called tells what is called; its own arguments are not looked at. */
  #operation(called: CallTerm, args: readonly Selector[], wanted: ValueType | undefined): Selected {
    const { keyspace, name: table } = this.#schema;
    const given = args.map((arg) => this.#argument(arg));
    const chosen = resolveCall(this.#planning, { keyspace, table }, called, given, wanted);
    if (chosen === undefined) throw invalid(`Unknown function '${calleeText(called)}'`);
    return new CallSelected(
      this.#planning.world,
      chosen,
      args.map((arg, i) => this.#made(arg, chosen.argTypes[i])),
    );
  }

  #field({ of, field }: Extract<Selector, { kind: 'field' }>): Selected {
    const made = this.#made(of, undefined);
    const { type } = made;
    if (type.kind !== 'udt')
      throw invalid(`Invalid field selection: ${this.#names.of(of)} of type ${typeName(type)} is not a user type`);
    const index = type.fields.findIndex(({ name }) => name === field);
    if (index < 0) throw invalid(`${this.#names.of(of)} of type ${typeName(type)} has no field ${field}`);
    return new FieldSelected(made, type, index);
  }
  #element({ of, key }: Extract<Selector, { kind: 'element' }>): Selected {
    const made = this.#made(of, undefined);
    const { type } = made;
    const name = this.#names.of(of);
    if (type.kind === 'list')
      throw invalid(`Element selection is only allowed on sets and maps, but ${name} is a list`);
    if (type.kind !== 'map' && type.kind !== 'set')
      throw invalid(`Invalid element selection: ${name} is of type ${typeName(type)} is not a collection`);
    const receiver = this.#receiver(name, type);
    const operand =
      type.kind === 'map'
        ? prepareOperand(this.#planning, key, keyReceiver(receiver, type.key))
        : prepareOperand(this.#planning, key, elementReceiver(receiver, type.element));
    return new ElementSelected(made, type, new KeySelected(operand, 'element', name));
  }
  #slice({ of, from, to }: Extract<Selector, { kind: 'slice' }>): Selected {
    const made = this.#made(of, undefined);
    const { type } = made;
    const name = this.#names.of(of);
    if (type.kind === 'list') throw invalid(`Slice selection is only allowed on sets and maps, but ${name} is a list`);
    if (type.kind !== 'map' && type.kind !== 'set')
      throw invalid(`Invalid slice selection: ${name} of type ${typeName(type)} is not a collection`);
    const receiver = keyReceiver(this.#receiver(name, type), type.kind === 'map' ? type.key : type.element);
    const bound = (term: Term | undefined): Selected | undefined =>
      term === undefined ? undefined : new KeySelected(prepareOperand(this.#planning, term, receiver), 'slice', name);
    return new SliceSelected(made, type, bound(from), bound(to));
  }
  #hint({ type: name, of }: Extract<Selector, { kind: 'hint' }>): Selected {
    const type = this.#type(name);
    const made = this.#made(of, type);
    if (typeFit(type, made.type) === 'no')
      throw invalid(
        `Cannot assign value (${typeName(type)})${this.#names.of(of)} to (${typeName(type)})${this.#names.of(of)} of type ${typeName(type)}`,
      );
    return made;
  }
  #collection(
    selector: Extract<Selector, { kind: 'list' | 'set' | 'tuple' | 'map' | 'user' }>,
    wanted: ValueType | undefined,
  ): Selected {
    switch (selector.kind) {
      case 'list':
      case 'set': {
        if (selector.kind === 'list' && wanted?.kind === 'vector')
          return new CollectionSelected(
            wanted,
            selector.elements.map((each) => this.#made(each, wanted.element)),
          );
        const element = wanted?.kind === selector.kind ? wanted.element : undefined;
        const parts = selector.elements.map((each) => this.#made(each, element));
        const type = element ?? parts[0]?.type;
        if (type === undefined) throw this.#unknown(selector);
        return new CollectionSelected({ kind: selector.kind, element: type, frozen: true }, parts);
      }
      case 'tuple': {
        const parts = selector.elements.map((each, i) =>
          this.#made(each, wanted?.kind === 'tuple' ? wanted.elements[i] : undefined),
        );
        // Parentheses around one thing are no tuple of it.
        if (parts.length === 1 && wanted?.kind !== 'tuple') return parts[0] as Selected;
        return new CollectionSelected({ kind: 'tuple', elements: parts.map(({ type }) => type) }, parts);
      }
      case 'map': {
        const [keyType, valueType] = wanted?.kind === 'map' ? [wanted.key, wanted.value] : [undefined, undefined];
        const parts = selector.entries.flatMap(([key, value]) => [
          this.#made(key, keyType),
          this.#made(value, valueType),
        ]);
        const [key, value] = [keyType ?? parts[0]?.type, valueType ?? parts[1]?.type];
        if (key === undefined || value === undefined) throw this.#unknown(selector);
        return new CollectionSelected({ kind: 'map', key, value, frozen: true }, parts);
      }
      case 'user': {
        if (wanted?.kind !== 'udt') throw this.#unknown(selector);
        const given = new Map(selector.fields);
        const parts = wanted.fields.map(({ name, type }) => {
          const field = given.get(name);
          return this.#made(field ?? { kind: 'term', term: { kind: 'null' } }, type);
        });
        return new CollectionSelected(wanted, parts);
      }
      default:
        return unreachable(selector);
    }
  }
  #unknown(selector: Selector): Error {
    return invalid(
      `Cannot infer type for term ${this.#names.of(selector)} in selection clause (try using a cast to force a type)`,
    );
  }
}
