namespace Microsoft.Build.Framework;

/// <summary>
/// Tells a multi-threaded MSBuild that a task may share its process with other builds: it uses neither the current directory nor
/// the environment. MSBuild recognises the attribute by its name, so that hosts without it need not have it.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class MSBuildMultiThreadableTaskAttribute : Attribute;
