namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator that says what it makes of missing values: numbers that are none (NaN) are features like others to it, so that
/// its results are numbers. What computes its inputs element by element runs in float, because levels have no such value.
/// </summary>
internal interface ITakesMissingValues;
