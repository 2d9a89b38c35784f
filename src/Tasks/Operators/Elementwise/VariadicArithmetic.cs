using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>An operation on any number of numeric tensors of one type, broadcast against each other: Max, Min, Sum, Mean.</summary>
[Input(0, "data_0", Elements.Numbers, Variable = "T", Variadic = true)]
internal abstract class VariadicArithmetic : BroadcastArithmetic
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        TensorType type = context.Type(0);
        for (int i = 1; i < context.InputTypes.Length; i++)
            type = TensorType.Of(type.Element, Broadcasting.Shape(context, type, context.Type(i)));
        FusedActivation.Check(context);
        return [type];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor result = inputs[0]!;
        for (int i = 1; i < inputs.Count; i++)
            result = Compute(context, result, inputs[i]!);
        return [FusedActivation.Apply(context.Node, Finish(inputs.Count == 1 ? Copy(result) : result, inputs.Count))];
    }

    /// <summary>
    /// The method of the kernels <c>Float32Binary</c> and <c>NumericBinary</c> that combines two tensors; what <see cref="Finish"/> does
    /// comes after it.
    /// </summary>
    public abstract string KernelMethod { get; }

    /// <inheritdoc/>
    public override bool IsIdentity(OperatorContext context) => context.Node.Inputs.Length == 1;

    /// <summary>What follows when all inputs are combined; may change the tensor in place.</summary>
    protected virtual Tensor Finish(Tensor combined, int inputs) => combined;

    private static Tensor Copy(Tensor tensor) => new(tensor.Type, (Array)tensor.Data.Clone());
}
