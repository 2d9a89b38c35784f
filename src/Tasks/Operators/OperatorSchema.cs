using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using OptimizerBuild.Operators.Structure;

namespace OptimizerBuild.Operators;

/// <summary>
/// The form of an operator's nodes: how many inputs and outputs they have, of which element types, and which attributes. Read from the
/// statements (<see cref="SchemaAttribute"/>) on the operator's class and its base classes.
/// </summary>
internal sealed class OperatorSchema
{
    private static readonly ConcurrentDictionary<Type, OperatorSchema> Read = new();
    private static readonly Lazy<ImmutableDictionary<(string Domain, string OpType), OperatorSchema>> Rewritten = new(() =>
        OperatorRegistry.OwnTypes
            .SelectMany(t => t.GetCustomAttributes<RewrittenOperatorAttribute>().Select(a => (Type: t, Attribute: a)))
            .ToImmutableDictionary(t => (t.Attribute.Domain, t.Attribute.OpType), t => Of(t.Type)));

    private readonly Type _type;
    private readonly ConcurrentDictionary<int, OperatorForm> _forms = new();

    private OperatorSchema(Type type) => _type = type;

    /// <summary>The schema of an operator.</summary>
    public static OperatorSchema Of(Operator op) => Of(op.GetType());

    /// <summary>The schema of an operator on values beside tensors.</summary>
    public static OperatorSchema Of(IStructural op) => Of(op.GetType());

    /// <summary>The schema of a standard operator that the importer writes with others; null where there is none such.</summary>
    public static OperatorSchema? OfRewritten(string domain, string opType) => Rewritten.Value.GetValueOrDefault((domain, opType));

    /// <summary>The form in an opset of the operator's domain.</summary>
    public OperatorForm In(int opset) => _forms.GetOrAdd(opset, FormIn);

    /// <summary>The form that nodes have behind the importer.</summary>
    public OperatorForm Newest => In(SchemaAttribute.Newest);

    private static OperatorSchema Of(Type type) => Read.GetOrAdd(type, t => new OperatorSchema(t));

    private OperatorForm FormIn(int opset)
    {
        InputAttribute[] inputs = [.. Statements<InputAttribute, int>(opset, i => i.Index).OrderBy(i => i.Index)];
        // What a base class says of places that a variadic input takes does not hold.
        int last = Array.FindIndex(inputs, i => i.Variadic);
        return new(
            [.. last < 0 ? inputs : inputs[..(last + 1)]],
            [.. Statements<OutputAttribute, int>(opset, o => o.Index).OrderBy(o => o.Index)],
            [.. Statements<ParameterAttribute, string>(opset, p => p.Name).OrderBy(p => p.Name, StringComparer.Ordinal)]);
    }

    // Of each place (or name) the statements of the most derived class that says anything about it, in whatever opset.
    private IEnumerable<T> Statements<T, TKey>(int opset, Func<T, TKey> key)
        where T : SchemaAttribute
        where TKey : notnull
    {
        var said = new HashSet<TKey>();
        for (Type? type = _type; type is not null; type = type.BaseType)
        {
            T[] here = [.. type.GetCustomAttributes<T>(inherit: false)];
            foreach (T statement in here)
                if (!said.Contains(key(statement)) && statement.HoldsIn(opset))
                    yield return statement;
            said.UnionWith(here.Select(key));
        }
    }
}

/// <summary>What a schema says in one opset.</summary>
/// <param name="Inputs">The inputs in order; the last one may be variadic.</param>
/// <param name="Outputs">The outputs in order; the last one may be variadic.</param>
/// <param name="Parameters">The attributes by name.</param>
internal sealed record OperatorForm(
    ImmutableArray<InputAttribute> Inputs, ImmutableArray<OutputAttribute> Outputs, ImmutableArray<ParameterAttribute> Parameters)
{
    /// <summary>The least number of inputs.</summary>
    public int MinimumInputs => Inputs.Select(i => i.Optional ? 0 : i.Variadic ? i.Index + i.Minimum : i.Index + 1).DefaultIfEmpty().Max();

    /// <summary>The greatest number of inputs.</summary>
    public int MaximumInputs => Inputs is [.., { Variadic: true }] ? int.MaxValue : Inputs.Length;

    /// <summary>The least number of outputs.</summary>
    public int MinimumOutputs => Outputs.Count(o => !o.Optional);

    /// <summary>The greatest number of outputs.</summary>
    public int MaximumOutputs => Outputs is [.., { Variadic: true }] ? int.MaxValue : Outputs.Length;

    /// <summary>What is said of an input; null beyond the last one.</summary>
    public InputAttribute? Input(int index) =>
        index < Inputs.Length ? Inputs[index] : Inputs is [.., { Variadic: true } last] ? last : null;
}
