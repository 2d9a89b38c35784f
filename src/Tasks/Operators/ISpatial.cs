namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator on feature maps: its first input has images, channels and one or more spatial dimensions, with the channels
/// second or, where the layout pass says so (<see cref="ChannelLayout"/>), last.
/// </summary>
internal interface ISpatial;

/// <summary>The trait of an operator whose window slides over a feature map; <see cref="WindowAttributes"/> describe the window.</summary>
internal interface IWindow : ISpatial;
