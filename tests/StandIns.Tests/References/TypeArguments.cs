using Grpc.Core.Interceptors;
using System.Reflection;

namespace StandIns.Tests.References;

/// <summary>Type arguments that meet the constraints of an assembly's generic types and methods, so that those can be loaded.</summary>
internal sealed class TypeArguments
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private readonly Assembly _assembly;
    private readonly List<Type> _pool;

    public TypeArguments(Assembly assembly)
    {
        _assembly = assembly;
        _pool = [typeof(object), typeof(int), typeof(DayOfWeek), typeof(Action), typeof(PassingInterceptor), typeof(HttpClientHandler)];
        _pool.AddRange(assembly.GetTypes().Where(type => !type.ContainsGenericParameters && !type.IsByRefLike));
    }

    /// <summary>An argument for each parameter of a generic type definition or method definition, the type's own first.</summary>
    public Type[] For(MethodBase method) =>
    [
        .. method.DeclaringType!.GetGenericArguments().Select(For),
        .. method.IsGenericMethodDefinition ? method.GetGenericArguments().Select(For) : [],
    ];

    /// <summary>Every argument that some generic type or method of the assembly needs, the unconstrained one first.</summary>
    public IEnumerable<Type> All()
    {
        var types = _assembly.GetTypes();
        var parameters = types
            .SelectMany(type => type.GetGenericArguments())
            .Concat(types.SelectMany(type => type.GetMethods(Declared)).Where(method => method.IsGenericMethodDefinition).SelectMany(method => method.GetGenericArguments()));
        return parameters.Select(For).Prepend(typeof(object)).Distinct();
    }

    private Type For(Type parameter) =>
        _pool.Find(candidate => Meets(candidate, parameter))
        ?? Constraints(parameter, typeof(object)).FirstOrDefault(constraint => Meets(constraint, parameter))
        ?? throw new InvalidOperationException($"No type is known that meets the constraints of {parameter} of {parameter.DeclaringType}");

    private bool Meets(Type candidate, Type parameter)
    {
        var special = parameter.GenericParameterAttributes;
        return (!special.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) || candidate.IsValueType)
            && (!special.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) || !candidate.IsValueType)
            && (!special.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) || HasDefault(candidate))
            && Constraints(parameter, candidate).All(constraint => constraint.IsAssignableFrom(candidate));
    }

    /// <summary>The parameter's constraints where it is the candidate, and each other parameter what is chosen for that one.</summary>
    private IEnumerable<Type> Constraints(Type parameter, Type candidate) =>
        parameter.GetGenericParameterConstraints().Select(constraint => Close(constraint, parameter, candidate));

    private Type Close(Type type, Type parameter, Type candidate)
    {
        if (type.IsGenericParameter)
        {
            return type == parameter ? candidate : For(type);
        }

        if (type.IsArray)
        {
            return Close(type.GetElementType()!, parameter, candidate).MakeArrayType();
        }

        return type.ContainsGenericParameters
            ? type.GetGenericTypeDefinition().MakeGenericType([.. type.GetGenericArguments().Select(argument => Close(argument, parameter, candidate))])
            : type;
    }

    private static bool HasDefault(Type type) =>
        type.IsValueType || (!type.IsAbstract && type.GetConstructor(Type.EmptyTypes) is not null);

    private sealed class PassingInterceptor : Interceptor;
}
