using System.Collections.Immutable;
using System.Reflection;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// Asks a node what its operator is, and makes nodes of an operator: both by the operator's class or trait, never by its name.
/// </summary>
internal static class NodeOperators
{
    /// <summary>Whether the node's operator is of a class or has a trait; false for unknown operators.</summary>
    /// <typeparam name="T">An operator's class, a base class of operators or the interface of a trait.</typeparam>
    public static bool Is<T>(this Node node)
        where T : class => OperatorRegistry.Find(node) is T;

    /// <summary>The node's operator as a class or trait; null where it is none such.</summary>
    /// <typeparam name="T">An operator's class, a base class of operators or the interface of a trait.</typeparam>
    public static T? As<T>(this Node node)
        where T : class => OperatorRegistry.Find(node) as T;

    /// <summary>A node of an operator, without attributes.</summary>
    /// <param name="name">The node's name.</param>
    /// <param name="inputs">Names of the inputs.</param>
    /// <param name="outputs">Names of the outputs.</param>
    public static Node New<T>(string name, ImmutableArray<string> inputs, ImmutableArray<string> outputs)
        where T : Operator => new(name, Description<T>.Value.OpType, inputs, outputs) { Domain = Description<T>.Value.Domain };

    /// <summary>The node with another operator, everything else as it is.</summary>
    public static Node Becoming<T>(this Node node)
        where T : Operator => node with { OpType = Description<T>.Value.OpType, Domain = Description<T>.Value.Domain };

    /// <summary>Whether two nodes have the same operator.</summary>
    public static bool HasOperatorOf(this Node node, Node other) => node.OpType == other.OpType && node.Domain == other.Domain;

    /// <summary>Whether the node gives an output beyond the first that somebody may read.</summary>
    public static bool HasOutput(this Node node, int output) => node.Outputs.Length > output && node.Outputs[output].Length > 0;

    private static class Description<T>
        where T : Operator
    {
        public static OperatorAttribute Value { get; } = typeof(T).GetCustomAttribute<OperatorAttribute>()
            ?? throw new InvalidOperationException($"{typeof(T).Name} is no operator, but a base class");
    }
}
