/**
 * The house rules as functions from one parsed file to its offences. Each message says where, and what to do instead, so
 * that nobody has to read this file to mend theirs.
 */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import ts from 'typescript';

/** Folders of `src/`, lowest first; one line is one rank. As in src/README.md, "Imports run one way". */
export const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['model'],
  ['runtime'],
  ['memory', 'bitmap', 'storage', 'link'],
  ['ingest'],
  ['identity'],
  ['linkage'],
  ['profile'],
  ['query'],
  ['shard'],
  ['router'],
  ['engine'],
  ['cluster'],
  ['generator', 'server', 'client'],
  ['supervisor'],
  ['cli'],
  ['main.ts'],
];
/** Inside `query/`, in the same manner. */
export const QUERY_LAYERS: readonly string[] = ['parser', 'binder', 'evaluation', 'planner', 'execution'];
/** Packages with one door each. */
const DOORS: Readonly<Record<string, string>> = {
  lmdb: 'src/storage/',
  roaring: 'src/bitmap/',
  piscina: 'src/runtime/',
  pino: 'src/runtime/',
  'uWebSockets.js': 'src/server/transport',
  ws: 'src/client/',
};
const NODE_PLACES = [
  'src/runtime/',
  'src/storage/',
  'src/server/',
  'src/link/',
  'src/client/',
  'src/supervisor/',
  'src/cli/',
  'src/engine/assembly.ts',
  'src/engine/data-folder.ts',
  'src/main.ts',
];
const CLOCK_PLACES = ['src/runtime/', 'src/storage/', 'src/server/', 'src/client/', 'src/supervisor/', 'src/cli/'];
const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'randomUUID']);
const CLOCK_MEMBERS: Readonly<Record<string, string>> = { Date: 'now', Math: 'random', performance: 'now' };

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

export class SourceUnit {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly #tree: ts.SourceFile;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    this.#tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    this.imports = this.#collectImports();
  }

  /** Visits every node; what `check` gives is reported at the node's line. */
  offences(check: (node: ts.Node) => string | undefined): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const message = check(node);
      if (message !== undefined) found.push(`${this.path}:${this.lineOf(node)} ${message}`);
      ts.forEachChild(node, visit);
    };
    visit(this.#tree);
    return found;
  }

  lineOf(node: ts.Node): number {
    return this.#tree.getLineAndCharacterOfPosition(node.getStart(this.#tree)).line + 1;
  }

  /** Path in the repository that a relative import leads to. */
  target(specifier: string): string {
    return posix.join(posix.dirname(this.path), specifier);
  }

  #collectImports(): Import[] {
    const found: Import[] = [];
    const add = (node: ts.Node, literal: ts.Node | undefined): void => {
      if (literal !== undefined && ts.isStringLiteralLike(literal)) {
        found.push({ specifier: literal.text, line: this.lineOf(node) });
      }
    };
    const visit = (node: ts.Node): void => {
      if (ts.isImportDeclaration(node)) {
        add(node, node.moduleSpecifier);
      } else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier);
      else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal);
      else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
        add(node, node.arguments[0]);
      ts.forEachChild(node, visit);
    };
    visit(this.#tree);
    return found;
  }
}

/** Name of the folder below `src/`, or the file's own name. */
const folderOf = (path: string): string => path.split('/')[1];
const isIn = (path: string, places: readonly string[]): boolean => places.some((place) => path.startsWith(place));

function rankOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

export function importDirection(unit: SourceUnit): string[] {
  const from = folderOf(unit.path);
  return unit.imports.flatMap(({ specifier, line }) => {
    if (!specifier.startsWith('.')) return [];
    const target = unit.target(specifier);
    if (!target.startsWith('src/')) return [`${unit.path}:${line} imports ${target}; src/ imports only from src/`];
    const to = folderOf(target);
    if (rankOf(to) < 0) return [`${unit.path}:${line} imports ${to}, which has no line in the layers of src/README.md`];
    if (to === from) return queryDirection(unit.path, line, target);
    if (rankOf(to) < rankOf(from)) return [];
    return [
      `${unit.path}:${line} imports ${target}; ${from} may import only what stands below it in src/README.md: move the shared part down, or pass it in`,
    ];
  });
}

function queryDirection(path: string, line: number, target: string): string[] {
  const [from, to] = [path, target].map((one) => QUERY_LAYERS.indexOf(one.split('/')[2]));
  if (folderOf(path) !== 'query' || from < 0 || to <= from) return [];
  return [`${path}:${line} imports ${target}; inside query/ the order is ${QUERY_LAYERS.join(' ← ')}`];
}

export function packageDoors(unit: SourceUnit): string[] {
  return unit.imports.flatMap(({ specifier, line }) => {
    const door = Object.entries(DOORS).find(([name]) => specifier === name || specifier.startsWith(`${name}/`));
    if (door !== undefined && !unit.path.startsWith(door[1])) {
      return [`${unit.path}:${line} imports ${specifier}; use what ${door[1]} offers, or add it there`];
    }
    const isNode = specifier.startsWith('node:') || builtinModules.includes(specifier.split('/')[0]);
    if (!isNode) return [];
    if (!specifier.startsWith('node:')) return [`${unit.path}:${line} imports ${specifier}; write node:${specifier}`];
    if (isIn(unit.path, NODE_PLACES)) return [];
    return [
      `${unit.path}:${line} imports ${specifier}; node modules are for runtime/, storage/, server/, cli/ and engine/assembly.ts: put a function into runtime/`,
    ];
  });
}

export function clocksAndRandomness(unit: SourceUnit): string[] {
  if (isIn(unit.path, CLOCK_PLACES)) return [];
  return unit.offences((node) => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const member = `${node.expression.text}.${node.name.text}`;
      if (CLOCK_MEMBERS[node.expression.text] === node.name.text)
        return `reads ${member}; take a Clock or RandomSource from runtime/ as a parameter`;
    }
    if (
      ts.isNewExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'Date' &&
      (node.arguments?.length ?? 0) === 0
    ) {
      return 'reads the clock by new Date(); take a Clock from runtime/ as a parameter';
    }
    if (ts.isIdentifier(node) && TIMERS.has(node.text) && !isMemberName(node)) {
      return `uses ${node.text}; take a Clock or RandomSource from runtime/ as a parameter`;
    }
    return undefined;
  });
}

/** `clock.setTimeout` or a property of that name is somebody's own; `crypto.randomUUID` is not. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return node.text !== 'randomUUID';
  return ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent);
}

export function typeHoles(unit: SourceUnit): string[] {
  return unit.offences((node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) return 'says any; use unknown and narrow it';
    if (
      ts.isAsExpression(node) &&
      ts.isAsExpression(node.expression) &&
      node.expression.type.kind === ts.SyntaxKind.UnknownKeyword
    ) {
      return 'casts through unknown; check the value, or give the function the type that it needs';
    }
    if (ts.isEnumDeclaration(node)) return 'declares an enum; use constants, or a union of literals';
    const isDefault =
      ts.isExportAssignment(node) ||
      (ts.canHaveModifiers(node) &&
        ts.getModifiers(node)?.some((one) => one.kind === ts.SyntaxKind.DefaultKeyword) === true);
    return isDefault ? 'has a default export; export it by name' : undefined;
  });
}

export function consoleCalls(unit: SourceUnit): string[] {
  if (unit.path.startsWith('src/cli/')) return [];
  return unit.offences((node) =>
    ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'console'
      ? 'writes to the console; use the logger of runtime/'
      : undefined,
  );
}

export function headerComment(unit: SourceUnit): string[] {
  const text = unit.text.replace(/^#!.*\n/, '');
  return /^\/\*\*[\s\S]*?\*\//.test(text)
    ? []
    : [`${unit.path}:1 has no header comment; say in /** … */ what lives here and what it keeps`];
}

/** Rings of imports, of types too, each told once: files in a ring cannot be understood one at a time. */
export function importCycles(units: readonly SourceUnit[]): string[] {
  const byPath = new Map(units.map((unit) => [unit.path, unit]));
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    state.set(path, 'open');
    for (const { specifier, line } of byPath.get(path)!.imports) {
      if (!specifier.startsWith('.')) continue;
      const next = byPath.get(path)!.target(specifier);
      if (!byPath.has(next)) continue;
      if (state.get(next) === 'open') {
        const ring = [...trail.slice(trail.indexOf(next)), next].join(' → ');
        found.push(`${path}:${line} closes a ring of imports: ${ring}; move what both need into a file of its own`);
      } else if (!state.has(next)) visit(next, [...trail, next]);
    }
    state.set(path, 'done');
  };
  for (const { path } of units) if (!state.has(path)) visit(path, [path]);
  return found;
}

/** Lines outside code fences. */
function proseLines(text: string): { readonly line: number; readonly text: string }[] {
  let isCode = false;
  return text.split('\n').flatMap((line, i) => {
    if (/^\s*(```|~~~)/.test(line)) isCode = !isCode;
    return isCode ? [] : [{ line: i + 1, text: line }];
  });
}

export function oneTitle(path: string, text: string): string[] {
  const titles = proseLines(text).filter((line) => /^# /.test(line.text));
  if (titles.length === 1) return [];
  return [`${path}:${titles[1]?.line ?? 1} has ${titles.length} titles of the first level; a page has one`];
}

export function leftovers(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    if (/\b(test|it|describe|suite)\.only\(/.test(line))
      return [`${path}:${i + 1} runs only this test; take the .only away`];
    return /\bFIXME\b/.test(line)
      ? [`${path}:${i + 1} holds a FIXME; mend it, or write down when it is to be mended`]
      : [];
  });
}
