using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Gateway.Transcoding.Routes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using System.Collections;
using System.Text.Json;

namespace Coordinator.Gateway.Transcoding.Calls;

/// <summary>From what came over HTTP to the message of the method: path, query, body and the two headers that fill fields.</summary>
internal static class RequestReader
{
    private const string OperationIdHeader = "Idempotency-Key";
    private const string ResumeHeader = "Last-Event-ID";

    /// <summary>Throws an <see cref="InputException"/> with what is wrong: with the path alone, or else with all the rest.</summary>
    public static async ValueTask<IMessage> ReadAsync(HttpContext http, Binding binding, RouteMatch match, RequestTarget target)
    {
        var violations = new Violations();
        var path = ReadPath(binding, match, violations);
        Refuse(violations);
        var message = binding.NewRequest();
        var given = new HashSet<FieldDescriptor>(binding.Variables.Where(variable => variable.Depth == 1).Select(variable => variable.Leaf));
        switch (binding.Body)
        {
            case BodyKind.Message:
                MessageReader.Read(await BodyReader.ReadAsync(http, binding).ConfigureAwait(false), message, violations, given.Contains);
                break;
            case BodyKind.Field:
                var body = await BodyReader.ReadAsync(http, binding).ConfigureAwait(false);
                given.Add(binding.BodyField!);
                ReadBodyField(binding.BodyField!, body, message, violations);
                ReadQuery(binding, target, message, given, violations);
                break;
            default:
                ReadQuery(binding, target, message, given, violations);
                break;
        }

        for (var i = 0; i < path.Length; i++)
        {
            var variable = binding.Variables[i];
            variable.Leaf.Accessor.SetValue(variable.Holder(message), path[i]);
        }

        ReadHeader(http, OperationIdHeader, binding.OperationId, message, violations, onlyWhereUnset: true);
        ReadHeader(http, ResumeHeader, binding.ResumeField, message, violations, onlyWhereUnset: false);
        Refuse(violations);
        return message;
    }

    private static object?[] ReadPath(Binding binding, RouteMatch match, Violations violations)
    {
        var values = new object?[binding.Variables.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var (variable, field) = (binding.Template.Variables[i], binding.Variables[i]);
            using (violations.Into(string.Join('.', field.Names)))
            {
                values[i] = Texts.Read(Shapes.Of(field.Leaf), TextOf(variable, match), violations);
            }
        }

        return values;
    }

    private static string TextOf(TemplateVariable variable, RouteMatch match)
    {
        if (!variable.ManySegments)
        {
            return match.Decoded[variable.Start];
        }

        // A slash within a segment stays escaped, so that it can be told from those between.
        var raw = match.Raw.Skip(variable.Start).Take(variable.ToEnd ? int.MaxValue : variable.Count);
        return PercentCoding.TryDecode(string.Join('/', raw), out var text, keepSlashes: true)
            ? text
            : throw new InputException(Failure.BadPath);
    }

    private static void ReadBodyField(FieldDescriptor field, JsonElement body, IMessage message, Violations violations)
    {
        using (violations.Into(field.JsonName))
        {
            MessageReader.ReadField(Shapes.Of(field), body, message, violations);
        }
    }

    private static void ReadQuery(Binding binding, RequestTarget target, IMessage message, HashSet<FieldDescriptor> given, Violations violations)
    {
        var bound = new HashSet<FieldDescriptor>(given);
        foreach (var (name, text) in target.DecodeQuery() ?? throw new InputException(Failure.BadPath))
        {
            var path = FieldPath.ByJsonNames(binding.Method.InputType, name) ?? FieldPath.ByProtoNames(binding.Method.InputType, name);
            // What is not known is passed over, as in a body.
            if (path is not null && !bound.Contains(path.Root) && !Shapes.Of(path.Leaf).IsFilled && Texts.CanRead(path.Leaf))
            {
                given.Add(path.Root);
                using (violations.Into(name))
                {
                    SetText(path, text, message, violations);
                }
            }
        }

        foreach (var field in Shapes.Of(binding.Method.InputType).Where(field => field.Rule.Required && !given.Contains(field.Descriptor)))
        {
            using (violations.Into(field.JsonName))
            {
                violations.Missing(field.ExpectedWhole);
            }
        }
    }

    private static void SetText(FieldPath path, string text, IMessage message, Violations violations)
    {
        var shape = Shapes.Of(path.Leaf);
        // "?state=" says nothing, like a form's empty box.
        if (text.Length == 0 && shape.Shape == JsonShape.String && shape.Rule is { Required: false, MinLength: 0 } && !path.Leaf.IsRepeated && !path.Leaf.HasPresence)
        {
            return;
        }

        if (Texts.Read(shape, text, violations) is not { } value)
        {
            return;
        }

        var holder = path.Holder(message);
        if (!path.Leaf.IsRepeated)
        {
            path.Leaf.Accessor.SetValue(holder, value);
            return;
        }

        var list = (IList)path.Leaf.Accessor.GetValue(holder);
        if (shape.Rule.MaxItems > 0 && list.Count >= shape.Rule.MaxItems)
        {
            violations.Add(ViolationKind.TooManyItems, shape.Rule.MaxItems);
        }
        else
        {
            list.Add(value);
        }
    }

    private static void ReadHeader(HttpContext http, string header, FieldDescriptor? field, IMessage message, Violations violations, bool onlyWhereUnset)
    {
        var text = http.Request.Headers[header];
        if (field is null || text.ToString().Length == 0 || (onlyWhereUnset && field.Accessor.GetValue(message) is string { Length: > 0 }))
        {
            return;
        }

        using (violations.Into(header))
        {
            if (text.Count > 1)
            {
                violations.Other("It was sent twice");
            }
            else if (Texts.Read(Shapes.Of(field), text.ToString(), violations) is { } read)
            {
                field.Accessor.SetValue(message, read);
            }
        }
    }

    private static void Refuse(Violations violations)
    {
        if (violations.Found.Count > 0)
        {
            throw new InputException(Failure.Invalid(violations.Found));
        }
    }
}
