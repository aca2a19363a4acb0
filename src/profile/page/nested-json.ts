/** Values at paths as one JSON text. No path stands above another. */

export interface JsonMember {
  /** Empty = the value itself. */
  readonly path: readonly string[];
  readonly json: string;
}

export function nestedJson(members: readonly JsonMember[]): string {
  if (members.length === 1 && members[0].path.length === 0) return members[0].json;
  const groups = new Map<string, JsonMember[]>();
  for (const { path, json } of members) {
    const member = { path: path.slice(1), json };
    const group = groups.get(path[0]);
    if (group === undefined) groups.set(path[0], [member]);
    else group.push(member);
  }
  return `{${[...groups].map(([name, group]) => `${JSON.stringify(name)}:${nestedJson(group)}`).join(',')}}`;
}
