using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Calls;
using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Gateway.Transcoding.Routes;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.WebUtilities;
using System.Text;
using System.Text.Json.Nodes;

namespace Coordinator.Gateway.OpenApi;

/// <summary>One HTTP method of one path: its parameters, its body, and what it answers.</summary>
internal sealed class Operations(JsonObject components)
{
    private const string Json = "application/json";
    private readonly Schemas _requests = new(ofRequests: true, components);
    private readonly Schemas _answers = new(ofRequests: false, components);

    /// <summary>The name of the component that an envelope's failures are.</summary>
    public static string ErrorOf(Envelope envelope) => $"{char.ToUpperInvariant(envelope.Name[0])}{envelope.Name[1..]}Error";

    /// <summary>The path with its variables as OpenAPI writes them.</summary>
    public static string PathOf(Binding binding)
    {
        var path = new StringBuilder();
        var variables = binding.Template.Variables;
        for (var at = 0; at < binding.Template.Segments.Count;)
        {
            var covering = Enumerable.Range(0, variables.Count).Where(i => variables[i].Start == at).ToList();
            path.Append('/').Append(covering.Count > 0 ? $"{{{NameOf(binding.Variables[covering[0]])}}}" : binding.Template.Segments[at].Text);
            at += covering.Count > 0 ? variables[covering[0]].Count : 1;
        }

        return binding.Template.Verb is { } verb ? $"{path}:{verb}" : path.ToString();
    }

    /// <summary>A unary method, a streaming one, or both.</summary>
    public JsonObject Of(IReadOnlyList<Binding> bindings)
    {
        var binding = bindings.FirstOrDefault(candidate => !candidate.Streams) ?? bindings[0];
        var operation = new JsonObject
        {
            ["operationId"] = IdOf(binding),
            ["tags"] = new JsonArray(binding.Method.Service.Name),
            ["summary"] = string.Join("; ", bindings.Select(each => each.Operation.Summary).Where(summary => summary.Length > 0)),
            ["security"] = SecurityOf(binding),
            ["parameters"] = ParametersOf(bindings),
        };
        if (binding.Body != BodyKind.None)
        {
            operation["requestBody"] = BodyOf(binding);
        }

        operation["responses"] = AnswersOf(bindings);
        return operation;
    }

    private static string IdOf(Binding binding)
    {
        var first = binding.Method.GetOptions().GetExtension(Google.Api.AnnotationsExtensions.Http);
        var id = $"{binding.Method.Service.Name}_{binding.Method.Name}";
        var further = first.AdditionalBindings.Count == 0 ? "" : $"_{Convert.ToHexStringLower(BitConverter.GetBytes(StableHash(binding.Template.Text)))}";
        return id + further;
    }

    private static uint StableHash(string text) => text.Aggregate(2_166_136_261u, (hash, letter) => unchecked((hash ^ letter) * 16_777_619u));

    private static string NameOf(FieldPath path) => string.Join('.', path.Names);

    private static JsonArray SecurityOf(Binding binding)
    {
        var schemes = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() });
        foreach (var header in binding.Envelope.TokenHeaders)
        {
            schemes.Add(new JsonObject { [header.Name] = new JsonArray() });
        }

        return schemes;
    }

    private JsonArray ParametersOf(IReadOnlyList<Binding> bindings)
    {
        var parameters = new Dictionary<string, JsonObject>();
        foreach (var binding in bindings)
        {
            foreach (var variable in binding.Variables)
            {
                Add("path", NameOf(variable), variable.Leaf, required: true);
            }

            foreach (var field in binding.Body == BodyKind.Message ? [] : Shapes.Of(binding.Method.InputType).Where(field => !field.IsFilled && !IsBound(binding, field.Descriptor) && Texts.CanRead(field.Descriptor)))
            {
                Add("query", field.JsonName, field.Descriptor, field.Rule.Required);
            }

            if (binding.OperationId is { } operationId)
            {
                Add("header", "Idempotency-Key", operationId, required: false);
            }

            if (binding.ResumeField is { } resume)
            {
                Add("header", "Last-Event-ID", resume, required: false);
            }
        }

        return [.. parameters.Values];

        void Add(string where, string name, FieldDescriptor field, bool required) => parameters.TryAdd($"{where} {name}", new()
        {
            ["name"] = name,
            ["in"] = where,
            ["required"] = required,
            ["schema"] = _requests.Of(Shapes.Of(field)),
        });
    }

    private JsonObject BodyOf(Binding binding)
    {
        var schema = binding.BodyField is { } field
            ? _requests.Of(Shapes.Of(field))
            : _requests.Of(binding.Method.InputType, of => IsBound(binding, of));
        var content = new JsonObject { ["schema"] = schema };
        if (binding.Operation.ExampleRequest.Length > 0)
        {
            content["example"] = JsonNode.Parse(binding.Operation.ExampleRequest);
        }

        var required = binding.Operation.BodyRequired || schema.ContainsKey("required");
        return new() { ["required"] = required, ["content"] = new JsonObject { [Json] = content } };
    }

    private JsonObject AnswersOf(IReadOnlyList<Binding> bindings)
    {
        var content = new JsonObject();
        foreach (var binding in bindings)
        {
            content[binding.Streams ? "text/event-stream" : Json] = AnswerOf(binding);
        }

        var success = new JsonObject { ["description"] = "OK", ["content"] = content };
        if (bindings.SelectMany(binding => binding.Operation.ResponseHeaders).Distinct().ToList() is { Count: > 0 } headers)
        {
            success["headers"] = new JsonObject(headers.Select(name => KeyValuePair.Create(name, (JsonNode?)new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } })));
        }

        var answers = new JsonObject { ["200"] = success };
        var envelope = bindings[0].Envelope;
        foreach (var failure in envelope.Known)
        {
            var status = envelope.StatusOf(failure);
            answers[$"{status}"] = new JsonObject
            {
                ["description"] = ReasonPhrases.GetReasonPhrase(status),
                ["content"] = new JsonObject
                {
                    [Json] = new JsonObject
                    {
                        ["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{ErrorOf(envelope)}" },
                        ["example"] = JsonNode.Parse(Answers.Json(json => envelope.WriteBody(json, failure)).Span),
                    },
                },
            };
        }

        return answers;
    }

    private JsonObject AnswerOf(Binding binding)
    {
        if (binding.Streams)
        {
            // Of a stream of events the schema is that of each one's data.
            return new() { ["schema"] = _answers.Of(binding.EventsField?.MessageType ?? binding.Method.OutputType) };
        }

        var message = binding.ResponseField is { } field ? _answers.Of(Shapes.Of(field)) : _answers.Of(binding.Method.OutputType, ok: binding.Operation.Ok);
        var answer = new JsonObject { ["schema"] = binding.Answer is { } template ? Schemas.Of(template, message) : message };
        if (binding.Operation.ExampleResponse.Length > 0)
        {
            answer["example"] = JsonNode.Parse(binding.Operation.ExampleResponse);
        }

        return answer;
    }

    private static bool IsBound(Binding binding, FieldDescriptor field) =>
        field == binding.BodyField || binding.Variables.Any(variable => variable.Root == field);
}
