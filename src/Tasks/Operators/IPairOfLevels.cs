using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of a function of two values that has an integer form: the levels of both operands, each with a scale of its own, give the
/// levels of the output (docs/arithmetic.md, Elementwise integer operations).
/// </summary>
internal interface IPairOfLevels : IFunctionOfTwoValues
{
    /// <summary>The integer form: two float32 operands are rescaled to the output's levels.</summary>
    static IntegerForm FormOf(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 && context.InputTypes.Length == 2 ? IntegerForm.Rescale : IntegerForm.None;
}

/// <summary>The trait of a sum or difference of two values.</summary>
internal interface ISumOfTwoValues : IPairOfLevels
{
    /// <summary>The sign of the second operand: 1 in a sum, -1 in a difference.</summary>
    int SecondSign { get; }
}

/// <summary>The trait of a product of two values.</summary>
internal interface IProductOfTwoValues : IPairOfLevels;

/// <summary>The trait of the greater or the lesser of two values.</summary>
internal interface IExtremumOfTwoValues : IPairOfLevels
{
    /// <summary>Whether the greater value is the result, not the lesser.</summary>
    bool IsGreatest { get; }
}
