using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator that computes each output element from the elements at the same place of its inputs, which broadcast.
/// </summary>
internal interface IElementwise : IPassesChannels
{
    /// <inheritdoc/>
    ChannelLinks IPassesChannels.Links(OperatorContext context, ChannelPort port) => ChannelLinks.Elementwise(context, port);
}

/// <summary>What passes may know of an elementwise function without looking at its name.</summary>
internal interface IElementwiseFunction : IElementwise
{
    /// <summary>
    /// Whether it has a power series around every point where it is defined. Two compositions of such functions that agree on a dense
    /// grid agree between its points.
    /// </summary>
    bool IsAnalytic => false;

    /// <summary>
    /// Whether compositions of such functions can be sampled to find where they settle: continuous and finite on the whole line,
    /// and far out they only approach a limit or grow.
    /// </summary>
    bool SettlesSmoothly => false;

    /// <summary>
    /// Whether nodes of the function stay nodes of their own, because later steps look for them: they are not fused with others and not
    /// folded into what they read.
    /// </summary>
    bool StaysApart => false;
}

/// <summary>
/// The trait of a function of one value: the first input is the argument, any other inputs are constants that are the same for all
/// elements.
/// </summary>
internal interface IFunctionOfOneValue : IElementwiseFunction, IDifferentiable
{
    /// <summary>The function itself, in double precision.</summary>
    /// <param name="context">The node with its attributes and constant inputs.</param>
    /// <param name="x">The argument.</param>
    double Compute(OperatorContext context, double x);

    /// <summary>The derivative, in double precision; at a corner that from one of its two sides, at a jump 0.</summary>
    /// <param name="context">The node with its attributes and constant inputs.</param>
    /// <param name="x">The argument.</param>
    double Derivative(OperatorContext context, double x);

    /// <summary>The derivative of a whole tensor's elements.</summary>
    /// <param name="context">The node with its attributes and constant inputs.</param>
    /// <param name="x">The arguments.</param>
    /// <param name="y">Takes the derivatives; as long as <paramref name="x"/>.</param>
    void Differentiate(OperatorContext context, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < x.Length; i++)
            y[i] = (float)Derivative(context, x[i]);
    }

    /// <inheritdoc/>
    void IDifferentiable.Backward<T>(OperatorContext context, TrainingStep<T> step) =>
        ElementwiseGradients.OfOneValue(this, context, step);
}

/// <summary>The trait of an operator that can combine two values element by element, with broadcasting.</summary>
internal interface IFunctionOfTwoValues : IElementwiseFunction, IDifferentiable
{
    /// <summary>
    /// The method that computes it for two operands, of the kernels <c>Float32Binary</c> and, where it exists there, <c>NumericBinary</c>.
    /// </summary>
    string KernelMethod { get; }

    /// <summary>The method where a node's attributes decide on it.</summary>
    string KernelMethodOf(Node node) => KernelMethod;

    /// <summary>The function itself, in double precision.</summary>
    double Compute(Node node, double a, double b);

    /// <summary>
    /// The derivatives with respect to both operands, in double precision; where operands decide which of two branches holds and are
    /// equal, those of one branch.
    /// </summary>
    (double A, double B) Derivatives(Node node, double a, double b);

    /// <inheritdoc/>
    void IDifferentiable.Backward<T>(OperatorContext context, TrainingStep<T> step) =>
        ElementwiseGradients.OfTwoValues(this, context, step);
}
