/// Hashes of Redis 8.10 whose names stand apart from their values, and the templates of a file that hold such names.
///
/// ```
/// template:  number, length, then as many strings: the names
/// type 29:   names, a string with a listpack: the number of a template, which does not count, and the values
/// type 30:   the same without names: they are in the template of that number
/// type 31:   names, as many strings: the values
/// type 32:   the number of a template, then the values as in 31
/// names:     0 and a string with a listpack, or 1, a length and as many strings
/// ```
///
/// A template is the way a server stores a hash. Users do not see it, so a decoded hash is a hash like others
/// (``plain(_:_:limits:)``), which every server takes. Known from what was published of it; read from no server here.
package struct RDBHashTemplates: Sendable {
    private var names: [UInt64: [[UInt8]]] = [:]
    private var bytes = 0

    /// Bytes of all names of a file's templates, and what each costs: 16 MiB are 200,000 names.
    private static let mostBytes = 16 << 20

    package init() {}

    /// Whether hashes of the type are written with names apart.
    package static func areUsed(by type: RDBType, _ version: RDBVersion) -> Bool {
        version.flavour == .redis
            && (RDBType.hashTemplateListpack.rawValue...RDBType.hashTemplateArrayReference.rawValue)
                .contains(type.rawValue)
    }

    /// Takes in a template: its record behind the opcode.
    package mutating func add(_ record: [UInt8]) throws(RDBViolation) {
        var value = ValueReader(record[...], limits: RDBValueLimits(valueBytes: Self.mostBytes - bytes))
        let number = try value.number()
        let names = try value.strings()
        bytes += names.reduce(0) { $0 + $1.count + RDBValueLimits.elementBytes }
        self.names[number] = try value.distinct(names)
    }

    /// The same hash as a body of ``RDBType/hash``.
    package func plain(
        _ type: RDBType, _ body: [UInt8], limits: RDBValueLimits = RDBValueLimits()
    ) throws(RDBViolation) -> [UInt8] {
        var value = ValueReader(body[...], limits: limits)
        let fields = try decode(type, &value)
        guard value.bytes.isAtEnd else {
            throw value.bytes.malformed("\(value.bytes.remaining) bytes are left over behind a value")
        }
        var plain: [UInt8] = []
        plain.append(length: fields.count)
        for field in fields {
            for part in [field.name, field.value] {
                plain.append(length: part.count)
                plain.append(contentsOf: part)
            }
        }
        return plain
    }

    func decode(_ type: RDBType, _ value: inout ValueReader) throws(RDBViolation) -> [RDBHashField] {
        switch type {
        case .hashTemplateListpack: try packed(&value, named: try ownNames(&value))
        case .hashTemplateListpackReference: try packed(&value, named: nil)
        case .hashTemplateArray: try values(&value, named: try ownNames(&value))
        default: try values(&value, named: try names(of: try value.number(), value.bytes))
        }
    }

    private func names(of number: UInt64, _ bytes: ByteReader) throws(RDBViolation) -> [[UInt8]] {
        guard let names = names[number] else {
            throw bytes.malformed("a hash refers to a template that the file does not have")
        }
        return names
    }

    private func ownNames(_ value: inout ValueReader) throws(RDBViolation) -> [[UInt8]] {
        let unread = value.bytes
        let names: [[UInt8]]
        switch try value.number() {
        case 0: names = try value.elements(of: Listpack.self)
        case 1: names = try value.strings()
        case let way: throw unread.malformed("the names of fields have the unknown encoding \(way)")
        }
        return try value.distinct(names)
    }

    private func packed(
        _ value: inout ValueReader, named own: [[UInt8]]?
    ) throws(RDBViolation) -> [RDBHashField] {
        var items = try Listpack(try value.packed())
        let number = try items.count("number of a template")
        let names = if let own { own } else { try names(of: UInt64(number), value.bytes) }
        var fields: [RDBHashField] = []
        for name in names {
            let name = try value.keep(name[...])
            fields.append(RDBHashField(name: name, value: try value.keep(try items.item("value"))))
        }
        guard try items.next() == nil else { throw value.bytes.malformed("a hash has more values than names") }
        return fields
    }

    private func values(_ value: inout ValueReader, named names: [[UInt8]]) throws(RDBViolation) -> [RDBHashField] {
        var fields: [RDBHashField] = []
        for name in names {
            fields.append(RDBHashField(name: try value.keep(name[...]), value: try value.string()))
        }
        return fields
    }
}
