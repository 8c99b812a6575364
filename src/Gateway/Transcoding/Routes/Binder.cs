using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Rest.V1;
using Google.Api;
using Google.Protobuf.Reflection;

namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>
/// From the descriptors of services to routes, once at start. An annotation that cannot be kept stops the start with an
/// <see cref="InvalidOperationException"/> whose one sentence names the method.
/// </summary>
internal static class Binder
{
    private const string OperationIdField = "operation_id";

    /// <param name="bareLists">Answers that list are the list alone, where their operation names its field.</param>
    public static IEnumerable<Binding> Bind(IEnumerable<FileDescriptor> files, bool bareLists) =>
        from file in files
        from service in file.Services
        let envelope = Envelopes.Of(service)
        from method in service.Methods
        let rule = method.GetOptions()?.GetExtension(AnnotationsExtensions.Http)
        where rule is not null
        from binding in Bind(method, rule, envelope, bareLists)
        select binding;

    private static IEnumerable<Binding> Bind(MethodDescriptor method, HttpRule rule, Envelope envelope, bool bareLists)
    {
        var operation = method.GetOptions().GetExtension(OptionsExtensions.Operation) ?? new Operation();
        yield return Bind(method, rule, operation, envelope, bareLists);
        foreach (var further in rule.AdditionalBindings)
        {
            Demand(further.AdditionalBindings.Count == 0, method, "has additional bindings within an additional binding");
            yield return Bind(method, further, operation, envelope, bareLists);
        }
    }

    private static Binding Bind(MethodDescriptor method, HttpRule rule, Operation operation, Envelope envelope, bool bareLists)
    {
        Demand(!method.IsClientStreaming, method, "streams from the client, which HTTP cannot be made to do");
        var (verb, path) = Pattern(method, rule);
        var template = Template(method, path);
        var variables = template.Variables.Select(variable => Variable(method, variable)).ToList();
        var response = Response(method, rule, operation, bareLists);
        var body = Body(method, rule, variables);
        Shapes.Check(method);
        var events = Named(method, method.OutputType, operation.EventsField, "events_field");
        Demand(events is null or { IsRepeated: true, FieldType: FieldType.Message }, method, "has an events_field that is not a repeated message");
        Demand(!operation.ResponseHeaders.Any(name => name.Length == 0 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-')), method, "has response_headers that are no names of headers");
        return new()
        {
            Method = method,
            Call = Marshalling.Method(method),
            Operation = operation,
            Envelope = envelope,
            HttpMethod = verb,
            Template = template,
            Variables = variables,
            Body = body.Kind,
            BodyField = body.Field,
            ResponseField = response,
            OperationId = method.InputType.FindFieldByName(OperationIdField) is { FieldType: FieldType.String, IsRepeated: false } operationId ? operationId : null,
            ResumeField = Named(method, method.InputType, operation.ResumeField, "resume_field"),
            Answer = Answer(method, operation),
            Filled = [.. Shapes.Of(method.InputType).Where(field => field.IsFilled)],
            EventsField = events,
            EventIdField = Named(method, events?.MessageType ?? method.OutputType, operation.EventIdField, "event_id_field"),
        };
    }

    private static (string Verb, string Path) Pattern(MethodDescriptor method, HttpRule rule)
    {
        var (verb, path) = rule.PatternCase switch
        {
            HttpRule.PatternOneofCase.Get => (HttpMethods.Get, rule.Get),
            HttpRule.PatternOneofCase.Put => (HttpMethods.Put, rule.Put),
            HttpRule.PatternOneofCase.Post => (HttpMethods.Post, rule.Post),
            HttpRule.PatternOneofCase.Delete => (HttpMethods.Delete, rule.Delete),
            HttpRule.PatternOneofCase.Patch => (HttpMethods.Patch, rule.Patch),
            HttpRule.PatternOneofCase.Custom => (rule.Custom.Kind, rule.Custom.Path),
            _ => throw Fault(method, "has an http rule without a path"),
        };
        Demand(verb.Length > 0 && verb.All(char.IsAsciiLetterUpper), method, $"has the HTTP method '{verb}', which is not in capital letters");
        Demand(rule.Body.Length == 0 || verb != HttpMethods.Get, method, "has a body with GET");
        return (verb, path);
    }

    private static PathTemplate Template(MethodDescriptor method, string path)
    {
        try
        {
            return PathTemplate.Parse(path);
        }
        catch (FormatException fault)
        {
            throw Fault(method, $"has the path '{path}', which {fault.Message}");
        }
    }

    private static FieldPath Variable(MethodDescriptor method, TemplateVariable variable)
    {
        var field = FieldPath.ByProtoNames(method.InputType, variable.FieldPath)
            ?? throw Fault(method, $"binds {variable.FieldPath}, which {method.InputType.FullName} does not have");
        Demand(!field.Leaf.IsRepeated && Texts.CanRead(field.Leaf), method, $"binds {variable.FieldPath}, which a path cannot hold");
        Demand(!Shapes.Of(field.Leaf).IsFilled, method, $"binds {variable.FieldPath}, which the gateway fills");
        return field;
    }

    private static (BodyKind Kind, FieldDescriptor? Field) Body(MethodDescriptor method, HttpRule rule, List<FieldPath> variables)
    {
        if (rule.Body.Length == 0)
        {
            return (BodyKind.None, null);
        }

        if (rule.Body == "*")
        {
            return (BodyKind.Message, null);
        }

        var field = method.InputType.FindFieldByName(rule.Body)
            ?? throw Fault(method, $"has the body {rule.Body}, which {method.InputType.FullName} does not have");
        Demand(!Shapes.Of(field).IsFilled, method, $"has the body {rule.Body}, which the gateway fills");
        Demand(!variables.Any(variable => variable.Depth == 1 && variable.Leaf == field), method, $"has the body {rule.Body}, which the path binds already");
        return (BodyKind.Field, field);
    }

    private static FieldDescriptor? Response(MethodDescriptor method, HttpRule rule, Operation operation, bool bareLists)
    {
        var field = Named(method, method.OutputType, rule.ResponseBody, "response_body");
        var bare = Named(method, method.OutputType, operation.BareField, "bare_field");
        Demand((field ?? bare) is null || !operation.Ok, method, "answers with one field alone, which cannot begin with \"ok\"");
        Demand(bare is null || (bare.IsRepeated && field is null), method, "has a bare_field that is no list, or beside a response_body");
        return bareLists ? bare ?? field : field;
    }

    private static AnswerTemplate? Answer(MethodDescriptor method, Operation operation)
    {
        if (operation.Answer.Length == 0)
        {
            return null;
        }

        Demand(!operation.Ok, method, "has an answer, which cannot begin with \"ok\"");
        Demand(!method.IsServerStreaming, method, "has an answer and streams, where each message stands for itself");
        try
        {
            return AnswerTemplate.Parse(operation.Answer);
        }
        catch (FormatException fault)
        {
            throw Fault(method, $"has the answer '{operation.Answer}', which {fault.Message}");
        }
    }

    private static FieldDescriptor? Named(MethodDescriptor method, MessageDescriptor message, string name, string option) =>
        name.Length == 0 ? null
        : message.FindFieldByName(name) ?? throw Fault(method, $"has the {option} {name}, which {message.FullName} does not have");

    private static void Demand(bool holds, MethodDescriptor method, string fault)
    {
        if (!holds)
        {
            throw Fault(method, fault);
        }
    }

    private static InvalidOperationException Fault(MethodDescriptor method, string fault) => new($"{method.FullName} {fault}.");
}
