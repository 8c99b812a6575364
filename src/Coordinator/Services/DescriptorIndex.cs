using Google.Protobuf;
using Google.Protobuf.Reflection;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Coordinator.Services;

/// <summary>Finds the file that declares a symbol, among the services given and all that they import.</summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = [];
    private readonly Dictionary<string, FileDescriptor> _symbols = [];
    private readonly Dictionary<(string Message, int Number), FileDescriptor> _extensions = [];

    /// <param name="files">Further files, for what they declare besides services.</param>
    public DescriptorIndex(IEnumerable<ServiceDescriptor> services, params FileDescriptor[] files)
    {
        Array.ForEach(files, Add);
        foreach (var service in services)
        {
            Services.Add(service.FullName);
            Add(service.File);
        }
    }

    public List<string> Services { get; } = [];

    /// <summary>The file of that name and everything it imports, serialized; null where there is none.</summary>
    public IEnumerable<ByteString>? File(string name) => Closure(_files.GetValueOrDefault(name));

    /// <summary>The file that declares the symbol, as in <see cref="File"/>.</summary>
    public IEnumerable<ByteString>? FileOfSymbol(string symbol) => Closure(_symbols.GetValueOrDefault(symbol));

    /// <summary>The file that declares the extension, as in <see cref="File"/>.</summary>
    public IEnumerable<ByteString>? FileOfExtension(string message, int number) => Closure(_extensions.GetValueOrDefault((message, number)));

    /// <summary>The numbers of a message's extensions; null for no such message.</summary>
    public IEnumerable<int>? Extensions(string message) =>
        _symbols.ContainsKey(message) ? _extensions.Keys.Where(key => key.Message == message).Select(key => key.Number).Order() : null;

    private void Add(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
        {
            return;
        }

        foreach (var import in file.Dependencies)
        {
            Add(import);
        }

        foreach (var service in file.Services)
        {
            _symbols[service.FullName] = file;
            foreach (var method in service.Methods)
            {
                _symbols[method.FullName] = file;
            }
        }

        AddExtensions(file.Extensions, file);
        AddEnums(file.EnumTypes);
        AddMessages(file.MessageTypes);
    }

    private void AddExtensions(ExtensionCollection extensions, FileDescriptor file)
    {
        foreach (var extension in extensions.UnorderedExtensions)
        {
            _symbols[extension.FullName] = file;
            _extensions[(extension.ExtendeeType.FullName, extension.FieldNumber)] = file;
        }
    }

    private void AddMessages(IEnumerable<MessageDescriptor> messages)
    {
        foreach (var message in messages)
        {
            _symbols[message.FullName] = message.File;
            foreach (var field in message.Fields.InDeclarationOrder())
            {
                _symbols[field.FullName] = message.File;
            }

            AddExtensions(message.Extensions, message.File);
            AddEnums(message.EnumTypes);
            AddMessages(message.NestedTypes);
        }
    }

    private void AddEnums(IEnumerable<EnumDescriptor> enums)
    {
        foreach (var type in enums)
        {
            _symbols[type.FullName] = type.File;
            foreach (var value in type.Values)
            {
                // In the protocol a value is a sibling of its type, not a part of it.
                _symbols[$"{type.FullName[..^type.Name.Length]}{value.Name}"] = type.File;
            }
        }
    }

    private static List<ByteString>? Closure(FileDescriptor? file)
    {
        if (file is null)
        {
            return null;
        }

        var seen = new HashSet<string> { file.Name };
        var order = new List<FileDescriptor> { file };
        for (var i = 0; i < order.Count; i++)
        {
            order.AddRange(order[i].Dependencies.Where(import => seen.Add(import.Name)));
        }

        return [.. order.Select(each => each.SerializedData)];
    }
}
