internal import ContextModel
internal import Storage

struct Decision {
    let condition: Condition
    init(_ condition: Condition) { self.condition = condition }
    func matches(_ e: Entity) -> Bool { Self.eval(condition, e) }
    static func eval(_ c: Condition, _ e: Entity) -> Bool {
        switch c {
        case .everything: true
        case .nothing: false
        case .all(let p): p.allSatisfy { eval($0, e) }
        case .any(let p): p.contains { eval($0, e) }
        case .not(let p): !eval(p, e)
        case .ids(let s): s.contains(e.id)
        case .type(let t): e.types.contains(t)
        case .attribute(let n): !e[n].isEmpty
        case .value(let t):
            e[t.path.names[0]].contains { a in
                guard case .greater(.number(let n))? = t.comparison else { return true }
                return (a.value.numberValue?.doubleValue ?? -1) > n
            }
        default: false
        }
    }
    func sorted(_ e: [Entity], by order: [SortKey]) -> [Entity] { e }
}
