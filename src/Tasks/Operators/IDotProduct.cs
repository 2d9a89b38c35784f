namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator whose outputs are sums of products of activations (input 0) with weights (input 1), plus a bias (input 2,
/// optional).
/// </summary>
internal interface IDotProduct;
