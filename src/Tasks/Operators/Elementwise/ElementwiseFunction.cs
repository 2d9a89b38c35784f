using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// An operator that is a function of one value and nothing else. Passes, quantisation (a table of 256 entries), lowering and export
/// follow from what this class asks of it.
/// </summary>
[Output(0, "Y")]
internal abstract class ElementwiseFunction : Operator, IFunctionOfOneValue, IKeepsExtent
{
    /// <summary>The function itself, in double precision: what quantised tables are made from.</summary>
    /// <param name="node">The node, for its attributes.</param>
    /// <param name="x">The argument.</param>
    public abstract double Compute(Node node, double x);

    /// <summary>The derivative, in double precision; at a corner that from one of its two sides, at a jump 0.</summary>
    /// <param name="node">The node, for its attributes.</param>
    /// <param name="x">The argument.</param>
    public abstract double Derivative(Node node, double x);

    /// <summary>
    /// The kernel that computes the function of float32 values: a method with the parameters <c>input</c>, <c>output</c> and
    /// <c>count</c>, then the arguments given here.
    /// </summary>
    /// <param name="node">The node, for its attributes.</param>
    public abstract KernelCall Kernel(Node node);

    /// <summary>The method of the kernel <c>NumericUnary</c> for all other element types; null where there is none.</summary>
    public virtual string? NumericMethod => null;

    /// <summary>
    /// Nodes of the function, from a value <c>x</c> to <c>y</c>, that exporters write out as chains of other operators. A chain with
    /// the same values is computed by this function's kernel.
    /// </summary>
    public virtual IEnumerable<Node> WrittenOut => [];

    /// <inheritdoc/>
    public virtual bool IsAnalytic => false;

    /// <inheritdoc/>
    public virtual bool SettlesSmoothly => false;

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.Table : Operators.IntegerForm.None;

    /// <inheritdoc/>
    double IFunctionOfOneValue.Compute(OperatorContext context, double x) => Compute(context.Node, x);

    /// <inheritdoc/>
    double IFunctionOfOneValue.Derivative(OperatorContext context, double x) => Derivative(context.Node, x);

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) => axes[0];
}
