using System.Reflection;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// One node of a quantised graph in the integer arithmetic of docs/arithmetic.md, as plain 64-bit code that shares nothing with the
/// kernels: the oracle of accuracy during quantisation and of bytes for what Lowering makes of the node. Prepared once, then
/// applied to any number of samples, on several threads if wanted.
/// </summary>
internal abstract class IntegerNode
{
    private static readonly TraitTable<IntegerForm, ConstructorInfo> Simulations = new(Read);

    /// <summary>What is known of the node.</summary>
    protected QuantizableNode Source { get; }

    /// <summary>The quantisations of the values around the node.</summary>
    protected IReadOnlyDictionary<string, ActivationQuantization> Values { get; }

    /// <param name="source">The node.</param>
    /// <param name="values">The quantisations of the values around it.</param>
    protected IntegerNode(QuantizableNode source, IReadOnlyDictionary<string, ActivationQuantization> values)
    {
        Source = source;
        Values = values;
    }

    /// <summary>The quantisation of an input.</summary>
    protected ActivationQuantization InputQuantization(int index) => Values[Source.Node.Inputs[index]];

    /// <summary>The quantisation of the first output.</summary>
    protected ActivationQuantization OutputQuantization => Values[Source.Node.Outputs[0]];

    /// <summary>The levels of the first output, bounded by the fused activation.</summary>
    protected OutputLevels OutputLevels => new(OutputQuantization, Source.ActivationBounds);

    /// <summary>Computes the node's outputs.</summary>
    /// <param name="inputs">The inputs in the node's order; null where an input is omitted or is not a quantised value.</param>
    public abstract QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs);

    /// <summary>Whether a node's operator has a simulation in a form.</summary>
    public static bool Simulates(IntegerForm form, Node node) => Simulations.Find(form, OperatorRegistry.Of(node)) is not null;

    /// <summary>Prepares a node.</summary>
    /// <param name="graph">The graph around it, for its outputs' dimensions.</param>
    /// <param name="node">The node; its form is not <see cref="IntegerForm.None"/>.</param>
    /// <param name="values">The quantisations of its inputs, outputs and rescaled constants.</param>
    /// <param name="weights">Its weights, where it is a dot product.</param>
    public static IntegerNode Create(Graph graph, QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values,
        WeightQuantization? weights)
    {
        int[] dimensions = node.Node.Outputs[0].Length == 0 ? [] : [.. graph.TypeOf(node.Node.Outputs[0]).Dimensions];
        if (node.Layer is { } layer && node.Node.Is<ISpatial>() && layer.Groups == layer.Channels && layer.Groups == layer.InputChannels)
            return new IntegerDepthwise(node, values, weights!, dimensions);
        ConstructorInfo constructor = Simulations.Find(node.Form, OperatorRegistry.Of(node.Node))
            ?? throw new InvalidOperationException($"{node.Node} has no simulation in the form {node.Form}");
        object?[] arguments = [.. constructor.GetParameters().Select(p => Argument(p.ParameterType))];
        return (IntegerNode)constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null);

        object? Argument(Type type) => type == typeof(QuantizableNode) ? node
            : type == typeof(WeightQuantization) ? weights
            : type == typeof(int[]) ? dimensions
            : values;
    }

    private static IEnumerable<(IntegerForm Form, Type Trait, ConstructorInfo Simulation)> Read(Type type) =>
        type.GetCustomAttributes<SimulatesAttribute>().Select(a => (a.Form, a.Trait, type.GetConstructors()[0]));

    /// <summary>The integers of an input or of a constant that takes its place, quantised as Lowering does it.</summary>
    protected QuantizedTensor Operand(IReadOnlyList<QuantizedTensor?> inputs, int index) => inputs[index]
        ?? QuantizedTensor.Of(Source.Context.InputConstants[index]!, InputQuantization(index));
}

/// <summary>
/// Marks a subclass of <see cref="IntegerNode"/> as the simulation of operators in a form. Its only public constructor takes, in any
/// order, what it needs of: the node, the quantisations of the values around it, the node's weights, the first output's dimensions.
/// </summary>
/// <param name="form">The integer form.</param>
/// <param name="trait">The operators: their class, a base class or the interface of a trait. Of several the most special counts.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
internal sealed class SimulatesAttribute(IntegerForm form, Type trait) : Attribute
{
    /// <summary>The integer form.</summary>
    public IntegerForm Form { get; } = form;

    /// <summary>The operators' class, base class or trait.</summary>
    public Type Trait { get; } = trait;
}
