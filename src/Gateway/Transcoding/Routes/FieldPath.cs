using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>A field of a message, or of messages within it.</summary>
internal sealed class FieldPath(IReadOnlyList<FieldDescriptor> fields)
{
    public FieldDescriptor Leaf => fields[^1];

    /// <summary>The field of the outermost message.</summary>
    public FieldDescriptor Root => fields[0];

    public int Depth => fields.Count;

    /// <summary>As callers write it, in JSON names.</summary>
    public IReadOnlyList<object> Names => [.. fields.Select(step => (object)step.JsonName)];

    /// <summary>By the names in the proto; null where there is no such field, or one on the way holds more than one message.</summary>
    public static FieldPath? ByProtoNames(MessageDescriptor message, string path) => Resolve(message, path, (in_, name) => in_.FindFieldByName(name));

    /// <summary>By the names in JSON.</summary>
    public static FieldPath? ByJsonNames(MessageDescriptor message, string path) =>
        Resolve(message, path, (in_, name) => in_.Fields.InDeclarationOrder().FirstOrDefault(field => field.JsonName == name));

    /// <summary>The message that holds the field, made on the way where it is not there yet.</summary>
    public IMessage Holder(IMessage root)
    {
        var holder = root;
        foreach (var field in fields.SkipLast(1))
        {
            if (field.Accessor.GetValue(holder) is not IMessage inner)
            {
                field.Accessor.SetValue(holder, inner = field.MessageType.Parser.ParseFrom(ByteString.Empty));
            }

            holder = inner;
        }

        return holder;
    }

    private static FieldPath? Resolve(MessageDescriptor message, string path, Func<MessageDescriptor, string, FieldDescriptor?> find)
    {
        var fields = new List<FieldDescriptor>();
        var within = message;
        foreach (var name in path.Split('.'))
        {
            if (within is null || find(within, name) is not { } field)
            {
                return null;
            }

            fields.Add(field);
            within = field.FieldType == FieldType.Message && !field.IsRepeated ? field.MessageType : null;
        }

        return new(fields);
    }
}
