using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>An operation on two numeric tensors of one type, broadcast against each other: Add, Mul, Div and their like.</summary>
[Parameter("axis", ParameterKind.Int, Until = 6)]
[Parameter("broadcast", ParameterKind.Int, Until = 6)]
internal abstract class BinaryArithmetic : BroadcastArithmetic, IFunctionOfTwoValues
{
    /// <inheritdoc/>
    public abstract string KernelMethod { get; }

    /// <inheritdoc/>
    public virtual bool IsAnalytic => false;

    /// <inheritdoc/>
    public virtual bool SettlesSmoothly => false;

    /// <inheritdoc/>
    public abstract (double A, double B) Derivatives(Node node, double a, double b);
}
