/** Writes types out in full, without references to other packages or files. */
import ts from "typescript";

/**
 * Writes a declaration for every type that a module exports.
 *
 * Inferred types become plain object types; docstrings of types and fields are kept. Types that the
 * module exports are referred to by name, all others are written in place.
 */
export function printTypes(module: ts.SourceFile, checker: ts.TypeChecker): string {
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(module)!)
    .map((symbol) => [symbol.name, checker.getAliasedSymbol(symbol)] as const)
    .sort(([a], [b]) => a < b ? -1 : 1);
  const names = new Map(
    symbols.map(([name, symbol]) => [checker.getDeclaredTypeOfSymbol(symbol), name]),
  );
  const printer = new TypePrinter(module, checker, names);
  return symbols.map(([name, symbol]) => {
    const text = printer.print(checker.getDeclaredTypeOfSymbol(symbol), "", true);
    return `${printer.printDocs(symbol, "")}export type ${name} = ${text};\n`;
  }).join("\n");
}

class TypePrinter {
  constructor(
    readonly module: ts.SourceFile,
    readonly checker: ts.TypeChecker,
    readonly names: Map<ts.Type, string>,
  ) {}

  /** @param inFull whether to print what a name stands for instead of the name. */
  print(type: ts.Type, indent: string, inFull = false): string {
    const name = inFull ? undefined : this.names.get(type);
    if (name) return name;
    if (type.isUnion()) return this.#printUnion(type.types, indent);
    const { checker } = this;
    if (checker.isTupleType(type)) {
      const items = checker.getTypeArguments(type as ts.TypeReference);
      return `[${items.map((item) => this.print(item, indent)).join(", ")}]`;
    }
    if (checker.isArrayType(type)) {
      const item = checker.getTypeArguments(type as ts.TypeReference)[0]!;
      const text = this.print(item, indent);
      return item.isUnion() && !this.names.has(item) ? `(${text})[]` : `${text}[]`;
    }
    const isObject = type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection);
    if (isObject) return this.#printObject(type, indent);
    return checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
  }

  printDocs(symbol: ts.Symbol, indent: string): string {
    const text = ts.displayPartsToString(symbol.getDocumentationComment(this.checker));
    return text ? `/** ${text.replaceAll("\n", `\n${indent} * `)} */\n${indent}` : "";
  }

  #printUnion(types: ts.Type[], indent: string): string {
    const isNull = ({ flags }: ts.Type) => Number(flags === ts.TypeFlags.Null);
    const texts = types.toSorted((a, b) => isNull(a) - isNull(b))
      .map((type) => this.print(type, indent));
    const isBoolean = texts.includes("true") && texts.includes("false");
    return texts.filter((text) => !isBoolean || text !== "false")
      .map((text) => isBoolean && text === "true" ? "boolean" : text).join(" | ");
  }

  #printObject(type: ts.Type, indent: string): string {
    const inner = indent + "  ";
    const fields = type.getProperties().map((property) => {
      const isOptional = property.flags & ts.SymbolFlags.Optional;
      const given = this.checker.getTypeOfSymbolAtLocation(property, this.module);
      const text = isOptional && given.isUnion()
        ? this.#printUnion(
          given.types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined)),
          inner,
        )
        : this.print(given, inner);
      return `${this.printDocs(property, inner)}${property.name}${isOptional ? "?" : ""}: ${text};`;
    });
    const indexes = this.checker.getIndexInfosOfType(type).map(({ keyType, type }) =>
      `[key: ${this.print(keyType, inner)}]: ${this.print(type, inner)};`
    );
    return `{\n${[...fields, ...indexes].map((line) => inner + line + "\n").join("")}${indent}}`;
  }
}
