// Vite takes styles from scripts.
declare module "*.css";
